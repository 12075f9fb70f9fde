import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { loadMasterKey } from '../../vault/masterKey.js';
import { createVault } from '../../vault/vault.js';
import { until } from '../api/until.js';
import { startRunningApi, type RunningApi } from '../product/runningApi.js';

/** `examples/first-cluster.sh` as a person runs it, against the API's own process; the test plays the worker. */

const run = promisify(execFile);
const KUBECONFIG = 'apiVersion: v1\nkind: Config\n';

let api: RunningApi;
let folder: string;
let site = 20;
beforeAll(async () => {
  api = await startRunningApi();
}, 120_000);
afterAll(() => api.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-example-'));
  return () => rm(folder, { recursive: true, force: true });
});

async function play(conditionStatus: 2 | 3, reason: string) {
  const project = await api.project();
  const specFile = join(folder, 'spec.yaml');
  const example = await readFile('examples/minimal.yaml', 'utf8');
  const spec = example
    .replace('project: defaultproject', `project: ${project}`)
    // A machine is in one cluster only.
    .replace('10.77.0.11', `10.77.0.${String((site += 1))}`);
  await writeFile(specFile, spec);
  const env = {
    ...{ PATH: process.env['PATH'], PLINTH_URL: api.url, PLINTH_API_KEY: api.adminKey },
    ...{ PLINTH_PROJECT: project, PLINTH_POLL_SECONDS: '0.1' },
  };
  const script = run('sh', [resolve('examples/first-cluster.sh'), specFile], { cwd: folder, env });
  const ended = script.then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: unknown) => {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, text: stderr };
    },
  );
  const { clusters, secrets } = api.store;
  const { id, generation, retries } = await until('it is applied', () =>
    clusters.get(project, 'minimal'),
  );
  const vault = createVault({
    masterKey: await loadMasterKey({ masterKey: undefined, dataDir: api.dataDir }),
  });
  await secrets.put(id, 'kubeconfig', vault.seal(id, KUBECONFIG));
  await clusters.setObserved(id, { generation, retries, deleting: false });
  const at = { sequence: generation, generation };
  await clusters.setCommonStatus(id, { conditionStatus, reason, ...at });
  return ended;
}

test('it applies, waits, and leaves a kubeconfig for its owner only', async () => {
  const { code, text } = await play(2, 'clusterOperation is applied');
  expect([code, text]).toEqual([
    0,
    'applied minimal\nminimal is ready\nKUBECONFIG=minimal.kubeconfig kubectl get nodes\n',
  ]);
  const file = join(folder, 'minimal.kubeconfig');
  expect(await readFile(file, 'utf8')).toBe(KUBECONFIG);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('it says why a cluster failed, and fails itself', async () => {
  const { code, text } = await play(3, 'm1: port 6443 is taken');
  expect([code, text]).toEqual([1, 'm1: port 6443 is taken\n']);
});
