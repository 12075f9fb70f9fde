import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';

import { serve, type ApiServer } from '../../api/server.js';
import { runProgram } from '../../cli/program.js';
import type { Cluster } from '../../core/cluster.js';
import { openTestApi, uniqueCluster, type TestApi } from './openTestApi.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let api: TestApi;
let server: ApiServer;
let folder: string;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
  server = await serve(api.app, { host: '127.0.0.1', port: 0 });
  folder = await mkdtemp(join(tmpdir(), 'plinth-cli-'));
  project = await api.project();
});
afterAll(async () => {
  await server.stop();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

async function dryRun(cluster: Cluster): Promise<{ code: number; said: string[] }> {
  const file = join(folder, 'cluster.yaml');
  await writeFile(file, stringify(cluster));
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const args = ['--server', server.url, '-p', project, 'apply', '-f', file, '--dry-run'];
  const code = await runProgram(args, {
    ...{ env: { PLINTH_API_KEY: api.adminKey }, out: say, err: say },
    screen: { width: 80 } as never,
  });
  return { code, said };
}

test('plinth apply --dry-run says what would be done, and changes nothing', async () => {
  const { code, said } = await dryRun(uniqueCluster(project, 'demo', 1));
  expect(code).toBe(0);
  expect(said[0]).toBe('dry run, nothing was changed: this is what would be done');
  expect(said[1]).toBe('==> [1/2] ClusterCreation: the cluster does not exist yet');
  expect(said[3]).toBe('  m2  it has not joined yet');
  expect(said[5]).toMatch(/^ {2}steps: Gather facts; .*Join the cluster; Wait for the node to be/);
  expect(said[6]).toContain('[2/2] BlueprintSync');
  expect(await api.deps.store.clusters.get(project, 'demo')).toBeUndefined();
  expect(api.workflows.notified).toEqual([]);
});

test('what would be refused ends it with the code of a bad document', async () => {
  const cluster = uniqueCluster(project, 'taken', 2);
  await api.deps.store.clusters.apply({
    project,
    name: 'taken',
    desired: cluster,
    secretsHash: '',
  });
  cluster.spec.config.network.podSubnet = '10.0.0.0/14';
  const { code, said } = await dryRun(cluster);
  expect(code).toBe(65);
  expect(said.join('\n')).toMatch(
    /refused: \S+cluster\.yaml:\d+:\d+ spec\.config\.network\.podSubnet: .*delete the cluster/,
  );
});
