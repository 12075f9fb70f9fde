import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { until } from '../../../test/api/until.js';
import { fulfilledConditions } from '../../../core/conditions.js';
import type { Look, NodeObservation } from '../../../core/health.js';
import { createStatusFeed } from '../../statusFeed.js';
import type { HealthView } from '../../views/healthView.js';

let api: TestApi;
let project: string;
let path: string;
let id: string;
let addresses: string[];
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo`;
  expect((await api.apply(project, 'demo')).status).toBe(200);
  const { clusters, nodes, health } = api.deps.store;
  const record = (await clusters.get(project, 'demo'))!;
  id = record.id;
  addresses = record.desired.spec.config.nodes.map(({ privateIP }) => privateIP);
  for (const spec of record.desired.spec.config.nodes) {
    await nodes.upsert(id, spec.hostname, { spec, joined: true, claimed: true, status: 'READY' });
  }
  await clusters.setApplied(id, { initialised: true, kubernetesVersion: 'v1.34.4' });
  await clusters.setConditions(id, fulfilledConditions([], new Date().toISOString()));
  await clusters.setObserved(id, { generation: 1, retries: 0, deleting: false });
  await health.adopt(10);
});

/** Looks older than a day warn of nothing. */
const AT = minutesAgo(20);
const LATER = minutesAgo(10);
const observed = (index: number, set: Partial<NodeObservation> = {}): NodeObservation => ({
  ...{ hostname: `m${index + 1}`, ready: 'True', reason: 'KubeletReady', message: '' },
  ...{ version: 'v1.34.4', addresses: [addresses[index]!], cordoned: false, pressures: [], ...set },
});

async function look(after: number, set: Partial<Look>): Promise<void> {
  const { health } = api.deps.store;
  const machine = {
    ...{ observedAt: AT, certificatesExpireAt: '2020-01-01T00:00:00Z', certificates: [] },
    ...{ disks: [{ path: '/', usedPercent: 40, freeMiB: 9_000 }], drift: [] },
  };
  await health.record(
    { clusterId: id, leaseGeneration: 1, after },
    {
      look: { at: AT, failures: [], ...set },
      ...{ failures: 0, suspects: [], nextLookAt: AT, machinesDueAt: AT },
      machines: after === 0 ? [{ hostname: 'm1', machine }] : [],
      hostnames: ['m1', 'm2', 'm3', 'other'],
    },
  );
}

describe('health', () => {
  test('is not there before the first look', async () => {
    const answer = await api.call('GET', `${path}/health`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('cluster demo was not looked at yet');
  });

  test('shows the last look: each node with its time, etcd, what machines say and what to see to', async () => {
    const etcd = [{ name: 'm1', healthy: true, learner: false }];
    const silent = { ready: 'Unknown', message: 'silent' } as const;
    const other = { ...observed(0), hostname: 'other' };
    await look(0, { through: 'm1', etcd, nodes: [observed(0), observed(1, silent), other] });
    const answer = await api.call('GET', `${path}/health`, {
      key: await api.key('viewer', project),
    });
    expect(answer.status).toBe(200);
    const health = (await answer.json()) as HealthView;
    expect(health).toMatchObject({
      ...{ lookedAt: AT, seenAt: AT, through: 'm1', etcd, failures: [] },
      ready: { status: 'True', reason: 'blueprint synced' },
      warnings: [
        'certificates of m1 have expired on 2020-01-01T00:00:00Z',
        'the node other is not in the spec',
      ],
    });
    expect(health.nodes.map(({ hostname }) => hostname)).toEqual(['m1', 'm2', 'm3', 'other']);
    expect(health.nodes[0]).toMatchObject({
      ...{ status: 'READY', observedAt: AT, ready: 'True', version: 'v1.34.4' },
      machine: { observedAt: AT, disks: [{ path: '/', usedPercent: 40 }] },
    });
    expect(health.nodes[1]).toMatchObject({ ready: 'Unknown', message: 'silent' });
    expect(health.nodes[2]).toEqual({ hostname: 'm3', status: 'READY' });
    expect(health.nodes[3]).not.toHaveProperty('status');
  });

  test('keeps the time of what was seen when nobody answers any more, and says why', async () => {
    await look(0, { through: 'm1', nodes: [observed(0)] });
    const failures = [{ hostname: 'm1', kind: 'unreachable' as const, message: 'no route' }];
    await look(1, { at: LATER, failures });
    const health = (await (await api.call('GET', `${path}/health`)).json()) as HealthView;
    expect(health).toMatchObject({ lookedAt: LATER, seenAt: AT, failures });
    expect(health.nodes[0]?.observedAt).toBe(AT);
  });
});

describe('a judgement', () => {
  const judge = async (sequence: number, status: 'READY' | 'NOT_READY'): Promise<void> => {
    const { health } = api.deps.store;
    const subject = (await health.subject(id))!;
    await health.judge(
      { subject, sequence },
      {
        nodes: [{ hostname: 'm2', status }],
        ready:
          status === 'READY'
            ? { status: 'True', reason: 'blueprint synced' }
            : { status: 'False', reason: 'm2 is not Ready: silent' },
      },
    );
  };

  test('is seen by the status, by who asks for it with an ETag, by details of nodes and by event streams', async () => {
    const events: string[] = [];
    const feed = createStatusFeed(api.deps.store, { everyMs: 20, onError: () => undefined });
    const end = feed.follow({ project, name: 'demo' }, (news) => {
      const { status } = news!.cluster;
      events.push(`${status!.mks.nodes[1]!.status} ${status!.conditions.at(-1)!.status}`);
    });
    await until('the first event', () => events.length === 1);
    const before = await api.call('GET', `${path}/status`);
    const headers = { 'if-none-match': before.headers.get('etag')! };
    expect((await api.call('GET', `${path}/status`, { headers })).status).toBe(304);

    await judge(1, 'NOT_READY');
    await until('the second event', () => events.at(-1) === 'NOT_READY False');
    const after = await api.call('GET', `${path}/status`, { headers });
    expect(after.status).toBe(200);
    const { status } = (await after.json()) as { status: Record<string, unknown> };
    expect(status['conditions']).toContainEqual({
      ...{ type: 'ClusterReady', status: 'False', reason: 'm2 is not Ready: silent' },
    });
    expect(status['mks']).toMatchObject({
      nodes: [{}, { hostname: 'm2', status: 'NOT_READY' }, {}],
    });
    const nodes = await api.call('GET', `${path}/nodes?status=NOT_READY`);
    expect(await nodes.json()).toMatchObject({ items: [{ hostname: 'm2', status: 'NOT_READY' }] });

    await judge(2, 'READY');
    await until('the third event', () => events.at(-1) === 'READY True');
    end();
    expect(events[0]).toBe('READY True');
    const again = await api.call('GET', `${path}/status`, { headers });
    expect(again.status).toBe(304);
  });
});

function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}
