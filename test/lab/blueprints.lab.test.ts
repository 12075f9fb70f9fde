import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TasksetDetails, TasksetSummary } from '../../api/views/tasksetView.js';
import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { OperationStatus } from '../../core/words.js';
import { buildBundle } from '../../lab/build/bundle.js';
import { execOn } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { machinesFound } from './found.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';
import { colourChart, configMap, SECRET, webBlueprint, type Content } from './webBlueprint.js';

/*
 * A blueprint of a project with an add-on of each type: applied, rolled out anew, put back where somebody changed what
 * it holds, or only reported, refused by the API server, read from URLs, pruned, brought to clusters one by one.
 */

const NAME = 'blueprints';
const MACHINES = ['m1', 'm2'] as const;
/** One more cluster, of one machine, for a while. */
const OTHER = 'blueprints-other';
const BLUEPRINTS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/blueprints';

let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
let expectAsFound: (name: string) => Promise<void>;

beforeAll(async () => {
  await buildBundle({ log: (line) => process.stdout.write(`${line}\n`) });
  session = await openLabSession(MACHINES);
  kubectl = hostKubectl({ ...session, cluster: NAME });
  cluster = labCluster(session.lab, { name: NAME, machines: MACHINES, blueprint: 'web' });
  expectAsFound = await machinesFound(MACHINES);
}, 3_600_000);

afterAll(() => session.stop());

async function post(content: Content): Promise<void> {
  const answer = await session.plinth.request('POST', BLUEPRINTS, webBlueprint(content));
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

/** Somebody changes an object and deletes another one. */
async function tamper(): Promise<void> {
  const data = '{"data":{"colour":"x"}}';
  await kubectl(['-n', 'web', 'patch', 'configmap', 'colours', '--type=merge', '-p', data]);
  await kubectl(['-n', 'front', 'delete', 'deployment', 'front']);
}

/** What a sync that is asked for finds. */
async function drift(): Promise<object> {
  expect((await session.plinth.request('POST', `${NAME}/sync`)).status).toBe(200);
  await ended(600);
  return (await (await session.plinth.request('GET', `${NAME}/drift`)).json()) as object;
}

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

  it('is applied server-side, in the name of plinth', async () => {
    interface Applied {
      metadata: { managedFields: { manager: string; operation: string }[] };
    }
    for (const [namespace, object] of [
      ['web', 'configmap/colours'],
      ['web', 'deployment/the-site'],
      ['front', 'deployment/front'],
      ['front', 'crd/gadgets.lab.example.com'],
    ] as const) {
      const words = ['-n', namespace, 'get', object, '--show-managed-fields', '-o', 'json'];
      const { metadata } = JSON.parse(await kubectl(words)) as Applied;
      const applied = metadata.managedFields.filter(({ operation }) => operation === 'Apply');
      expect(applied.map(({ manager }) => manager)).toEqual(['plinth']);
      // Nothing of it came by an older way; what else there is are the cluster's own controllers.
      const others = metadata.managedFields.map(({ manager }) => manager);
      expect(others.filter((manager) => manager.startsWith('kubectl'))).toEqual([]);
    }
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
    await tamper();
    expect(await drift()).toMatchObject({
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

  it('is let be and reported where its policy says so', async () => {
    await post({ colour: 'green', dropped: true, driftPolicy: 'Report' });
    expect(await rolledOut('v5')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    await tamper();
    expect(await drift()).toMatchObject({
      ...{ blueprint: { name: 'web', version: 'v5' }, policy: 'Report', count: 2 },
      objects: ['configmap web/colours', 'deployment front/front'],
    });
    // Its taskset has looked and done nothing else, and tells by name what it saw.
    const status = await session.plinth.status(NAME);
    const path = `${NAME}/tasksets/${status.lastTasksets[0]?.tasksetId ?? ''}`;
    const answer = await session.plinth.request('GET', path);
    const { operations } = (await answer.json()) as TasksetDetails;
    expect(operations).toMatchObject([
      { name: 'BlueprintSync', clusterSteps: ['blueprint-drift'], status: OperationStatus.Success },
    ]);
    const logs = await (await session.plinth.request('GET', `${path}/logs`)).text();
    expect(logs).toContain('configmap web/colours');
    expect(await colourOf('colours')).toBe('x');
    const front = ['get', 'deployment', 'front', '--ignore-not-found', '-o', 'name'];
    expect(await kubectl(['-n', 'front', ...front])).toBe('');
    // The next version brings everything back, and nothing differs any more.
    await post({ colour: 'green', dropped: true });
    expect(await rolledOut('v6')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    expect(await colourOf('colours')).toBe('green');
    expect(await kubectl(['-n', 'front', ...front])).toContain('front');
    expect(await drift()).toMatchObject({ policy: 'Correct', count: 0, objects: [] });
  });

  it('has what URLs gave when the version was made, and is pruned of it when that is dropped', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.end(url === '/colour.tgz' ? colourChart() : configMap('fetched', 'yellow'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const at = `http://127.0.0.1:${String(port)}`;
    const urls = { manifest: `${at}/fetched.yaml`, chart: `${at}/colour.tgz` };
    await post({ colour: 'green', dropped: true, urls });
    // Nobody asks for it after that: neither the worker nor a machine.
    server.close();
    expect(await rolledOut('v7')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    expect(await colourOf('fetched')).toBe('yellow');
    // Rendered with its values, under the name of its release.
    expect(await colourOf('charted')).toBe('violet');
    await kubectl(['-n', 'web', 'delete', 'configmap', 'fetched', 'charted']);
    expect(await drift()).toMatchObject({
      ...{ count: 2, objects: ['configmap web/charted', 'configmap web/fetched'] },
    });
    expect(await colourOf('fetched')).toBe('yellow');
    expect(await colourOf('charted')).toBe('violet');
    expect(asked.toSorted()).toEqual(['/colour.tgz', '/fetched.yaml']);
    await post({ colour: 'green', dropped: true });
    expect(await rolledOut('v8')).toMatchObject({ state: 'Complete', counts: { Updated: 1 } });
    for (const name of ['fetched', 'charted']) expect(await colourOf(name)).toBe('');
    expect(await colourOf('colours')).toBe('green');
  });

  it('comes to one cluster after another', async () => {
    const other = labCluster(session.lab, { name: OTHER, machines: ['m3'], blueprint: 'web' });
    expect((await session.plinth.apply(other)).status).toBe(200);
    await importImage('m3');
    const made = await session.plinth.untilEnded(OTHER, 900);
    expect(made.commonStatus.conditionStatus, JSON.stringify(made)).toBe(2);
    await post({ colour: 'white', dropped: true });
    expect(await rolledOut('v9')).toMatchObject({ state: 'Complete', counts: { Updated: 2 } });
    expect(await colourOf('colours')).toBe('white');
    const turns = await Promise.all(
      [NAME, OTHER].map(async (name) => {
        const answer = await session.plinth.request('GET', `${name}/tasksets?limit=1`);
        const { items } = (await answer.json()) as { items: TasksetSummary[] };
        expect(items[0]?.operations.map((operation) => operation.name)).toEqual(['BlueprintSync']);
        return [items[0]?.createdAt ?? '', items[0]?.endedAt ?? ''];
      }),
    );
    const [first, second] = turns.toSorted();
    expect(Date.parse(second?.[0] ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.[1] ?? ''));
    expect((await session.plinth.request('DELETE', OTHER)).status).toBe(200);
    await until(`${OTHER} is gone`, 240, async () =>
      (await session.plinth.request('GET', OTHER)).status === 404 ? true : undefined,
    );
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
    for (const name of MACHINES) await expectAsFound(name);
  });
});
