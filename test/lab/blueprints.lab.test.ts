import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { buildBundle } from '../../lab/build/bundle.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { EXCLUSIONS } from './exclusions.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * A blueprint of a project with an add-on of each type: applied, rolled out anew, put back where somebody changed what
 * it holds, refused by the API server, pruned.
 */

const NAME = 'blueprints';
const MACHINES = ['m1', 'm2'] as const;
const BLUEPRINTS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/blueprints';
const IMAGE = 'docker.io/plinth-lab/web:1';
const SECRET = 'planted-in-a-manifest';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
const before = new Map<string, MachineSnapshot>();

beforeAll(async () => {
  await buildBundle({ log: (line) => process.stdout.write(`${line}\n`) });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'web' });
  for (const name of MACHINES) before.set(name, await snapshotMachine(name));
}, 3_600_000);

afterAll(() => session.stop());

const deployment = (name: string, replicas: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: web, image: "${IMAGE}", imagePullPolicy: Never}
`;

/** As `helm package` writes it. */
function chart(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chart-'));
  const files = {
    'Chart.yaml': 'apiVersion: v2\nname: front\nversion: 1.0.0\n',
    'values.yaml': 'replicas: 1\n',
    'crds/gadgets.yaml': definition('gadgets', 'Gadget'),
    'templates/front.yaml': deployment('{{ .Release.Name }}', '{{ .Values.replicas }}'),
    'templates/hook.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations: {helm.sh/hook: pre-delete}
`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'front', path)), { recursive: true });
    writeFileSync(join(folder, 'front', path), text);
  }
  execFileSync('tar', ['-czf', join(folder, 'chart.tgz'), '-C', folder, 'front']);
  const bytes = readFileSync(join(folder, 'chart.tgz')).toString('base64');
  rmSync(folder, { recursive: true });
  return bytes;
}

const definition = (plural: string, kind: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.lab.example.com
spec:
  group: lab.example.com
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;

const configMap = (name: string, colour: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {colour: ${colour}}\n`;

interface Content {
  colour: string;
  dropped: boolean;
  replicas?: string;
}

function blueprint({ colour, dropped, replicas = '1' }: Content): object {
  const settings = [
    configMap('colours', colour),
    `apiVersion: lab.example.com/v1\nkind: Widget\nmetadata: {name: one}\n`,
    definition('widgets', 'Widget'),
    `apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: ${SECRET}}\n`,
    ...(dropped ? [] : [configMap('dropped', 'grey')]),
  ];
  return {
    apiVersion: 'infra.k8smgmt.io/v3',
    kind: 'Blueprint',
    metadata: { name: 'web' },
    spec: {
      addons: [
        { name: 'settings', type: 'Manifest', namespace: 'web', manifest: settings.join('---\n') },
        {
          ...{ name: 'site', type: 'Kustomize', namespace: 'web' },
          files: {
            'kustomization.yaml': 'namePrefix: the-\nresources: [base]\n',
            'base/kustomization.yaml': 'resources: [site.yaml]\n',
            'base/site.yaml': deployment('site', replicas),
          },
        },
        {
          name: 'front',
          type: 'Helm',
          namespace: 'front',
          chart: chart(),
          values: 'replicas: 1\n',
        },
      ],
    },
  };
}

async function post(content: Content): Promise<void> {
  const answer = await session.plinth.request('POST', BLUEPRINTS, blueprint(content));
  expect(answer.status, await answer.text()).toBe(200);
}

interface RolloutView {
  version: string;
  state: string;
  counts: Record<string, number>;
  clusters: { name: string; reason?: string }[];
}

const rolledOut = (version: string): Promise<RolloutView> =>
  until(`the rollout of ${version}`, 900, async () => {
    const answer = await session.plinth.request('GET', `${BLUEPRINTS}/web/rollout`);
    const view = (await answer.json()) as RolloutView;
    return view.version === version && view.state !== 'Running' ? view : undefined;
  });

async function ended(seconds: number): Promise<ClusterStatus> {
  const status = await session.plinth.untilEnded(NAME, seconds);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  return status;
}

const colourOf = (name: string): Promise<string> =>
  kubectl([
    '-n',
    'web',
    'get',
    'configmap',
    name,
    '--ignore-not-found',
    '-o',
    'jsonpath={.data.colour}',
  ]);
const latestOperations = ({ lastTasksets }: ClusterStatus): string[] =>
  lastTasksets[0]?.tasksetOperations.map(({ operationName }) => operationName) ?? [];

/** The lab's own image, on a machine that is being provisioned: as soon as there is a containerd. */
async function importImage(name: string): Promise<void> {
  const archive = join(session.lab.bundle, 'images/lab-web-1.tar.zst');
  const input = (await readFile(archive)).toString('base64');
  await until(`the image on ${name}`, 600, async () => {
    const load = 'base64 -d | zstd -dcq | ctr -n k8s.io images import -';
    return (await execOn(name, load, { input })).code === 0 ? true : undefined;
  });
}

describe('a blueprint of the project', () => {
  it('is there and healthy when the cluster is READY, each add-on by its own tool', async () => {
    await post({ colour: 'blue', dropped: false });
    expect((await session.plinth.apply(cluster)).status).toBe(200);
    await Promise.all(MACHINES.map(importImage));
    await ended(1500);
    expect(await colourOf('colours')).toBe('blue');
    expect(await kubectl(['-n', 'web', 'get', 'widget', 'one', '-o', 'name'])).toContain('one');
    const ready = ['-o', 'jsonpath={.status.readyReplicas}'];
    expect(await kubectl(['-n', 'web', 'get', 'deployment', 'the-site', ...ready])).toBe('1');
    expect(await kubectl(['-n', 'front', 'get', 'deployment', 'front', ...ready])).toBe('1');
    expect(await kubectl(['get', 'crd', 'gadgets.lab.example.com', '-o', 'name'])).toContain(
      'gadg',
    );
    // A hook of helm's is not applied as if it were an object.
    expect(
      await kubectl([
        '-n',
        'front',
        'get',
        'configmap',
        'hook',
        '--ignore-not-found',
        '-o',
        'name',
      ]),
    ).toBe('');
  });

  it('has shown no secret of its own in what the steps said, and left none on the disk', async () => {
    const status = await session.plinth.status(NAME);
    const id = status.lastTasksets[0]?.tasksetId ?? '';
    const logs = await (await session.plinth.request('GET', `${NAME}/tasksets/${id}/logs`)).text();
    expect(logs).toContain('secret/login');
    expect(logs).not.toContain(SECRET);
    for (const name of MACHINES) {
      const { stdout } = await execOn(name, `grep -rl ${SECRET} /var/lib/plinth || true`);
      expect(stdout).toBe('');
    }
  });

  it('comes to the cluster in its new version, and what it does not hold any more is pruned', async () => {
    await post({ colour: 'red', dropped: true, replicas: '2' });
    expect(await rolledOut('v2')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    const status = await ended(60);
    expect(latestOperations(status)).toEqual(['BlueprintSync']);
    expect(await colourOf('colours')).toBe('red');
    expect(await colourOf('dropped')).toBe('');
    const ready = ['get', 'deployment', 'the-site', '-o', 'jsonpath={.status.readyReplicas}'];
    expect(await kubectl(['-n', 'web', ...ready])).toBe('2');
  });

  it('is put back where somebody has changed what it holds', async () => {
    const patch = [
      'patch',
      'configmap',
      'colours',
      '--type',
      'merge',
      '-p',
      '{"data":{"colour":"x"}}',
    ];
    await kubectl(['-n', 'web', ...patch]);
    await kubectl(['-n', 'front', 'delete', 'deployment', 'front']);
    expect((await session.plinth.request('POST', `${NAME}/sync`)).status).toBe(200);
    await ended(600);
    const drift = (await (await session.plinth.request('GET', `${NAME}/drift`)).json()) as object;
    expect(drift).toMatchObject({
      ...{ blueprint: { name: 'web', version: 'v2' }, policy: 'Correct', count: 2 },
      objects: ['configmap web/colours', 'deployment front/front'],
    });
    expect(await colourOf('colours')).toBe('red');
    const ready = ['get', 'deployment', 'front', '-o', 'jsonpath={.status.readyReplicas}'];
    expect(await kubectl(['-n', 'front', ...ready])).toBe('1');
  });

  it('that the API server does not accept stops its rollout, changes nothing and says why', async () => {
    await post({ colour: 'green', dropped: true, replicas: '-1' });
    const view = await rolledOut('v3');
    expect(view).toMatchObject({ state: 'Stopped', counts: { Failed: 1 } });
    expect(view.clusters[0]?.reason).toContain('spec.replicas');
    expect(await colourOf('colours')).toBe('red');
    await post({ colour: 'green', dropped: true });
    expect(await rolledOut('v4')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    expect(await colourOf('colours')).toBe('green');
  });

  it('goes whole with its namespaces once no cluster names it, and not before', async () => {
    const refused = await session.plinth.request('DELETE', `${BLUEPRINTS}/web`);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain(`used by cluster ${NAME}`);
    const minimal = { ...cluster, spec: { ...cluster.spec, blueprint: { name: 'minimal' } } };
    expect((await session.plinth.apply(minimal)).status).toBe(200);
    await ended(600);
    await until('the namespaces are gone', 120, async () => {
      const words = ['get', 'namespace', 'web', 'front', '--ignore-not-found', '-o', 'name'];
      return (await kubectl(words)) === '' ? true : undefined;
    });
    expect(await kubectl(['get', 'crd', '-o', 'name'])).not.toContain('lab.example.com');
    expect((await session.plinth.request('DELETE', `${BLUEPRINTS}/web`)).status).toBe(200);
  });

  it('leaves machines as they were found when the cluster is deleted', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) {
      const left = diffSnapshots(before.get(name)!, await snapshotMachine(name), EXCLUSIONS);
      expect(left.map(formatDifference), `differences on ${name}`).toEqual([]);
    }
  });
});
