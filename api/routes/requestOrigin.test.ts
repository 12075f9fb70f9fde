import { afterAll, beforeAll, expect, test } from 'vitest';

import { parseTraceparent } from '../../core/traceContext.js';
import {
  clustersOf,
  openTestApi,
  uniqueCluster,
  type TestApi,
} from '../../test/api/openTestApi.js';
import { fakeTracing } from '../../test/tracing/fakeTracing.js';
import { newApp } from '../app.js';

let api: TestApi;
let project: string;
let app: ReturnType<typeof newApp>;
let clusterId = '';
const tracing = fakeTracing();
beforeAll(async () => {
  api = await openTestApi();
  app = newApp({ ...api.deps, tracing });
  project = await api.project();
});
afterAll(() => api.close());

const record = async () => (await api.deps.store.clusters.get(project, 'demo'))!;
const fails = () =>
  api.deps.store.clusters.setCommonStatus(clusterId, {
    ...{ conditionStatus: 3, reason: 'it failed', sequence: 1, generation: 1, retries: 9 },
  });
const snapshot = async () => {
  const { snapshots, secrets } = api.deps.store;
  await snapshots.begin({
    ...{ id: 's1', clusterId, createdAt: '2026-11-25T10:00:00.000Z', node: 'm1' },
    ...{ kubernetesVersion: 'v1.34.2', size: 9, sha256: 'aa', packedSize: 4, packedSha256: 'bb' },
    ...{ chunks: 1, revision: '42' },
  });
  await secrets.put(clusterId, 'snapshot:s1', 'sealed');
  await snapshots.complete(clusterId, 's1');
};

// In this order: each on the cluster as the one before has left it.
test.each([
  { what: 'an apply', path: '', body: () => uniqueCluster(project, 'demo', 1) },
  { what: 'a sync', path: '/demo/sync' },
  { what: 'a retry', path: '/demo/retry', before: fails },
  {
    what: 'the same applied again',
    path: '',
    body: () => uniqueCluster(project, 'demo', 1),
    before: fails,
  },
  { what: 'a snapshot', path: '/demo/snapshots', beside: true },
  { what: 'new certificates', path: '/demo/certificates/renew', beside: true },
  {
    what: 'a restore',
    path: '/demo/restore',
    body: () => ({ snapshot: 's1' }),
    before: snapshot,
    beside: true,
  },
  { what: 'another spec', path: '', body: () => uniqueCluster(project, 'demo', 2) },
  { what: 'a deletion', path: '/demo', method: 'DELETE' },
])(
  '$what is kept with the request that asked for it',
  async ({ path, method, body, before, what, beside = false }) => {
    await before?.();
    const id = `request-of-${what.replaceAll(' ', '-')}`;
    const answer = await app.request(clustersOf(project) + path, {
      method: method ?? 'POST',
      headers: {
        ...{ 'x-api-key': api.adminKey, 'x-request-id': id },
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body()) }),
    });
    expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([200, '']);
    const { id: made, submittedBy, asked = [] } = await record();
    const by = beside ? asked.at(-1)?.by : submittedBy;
    if (clusterId === '') {
      clusterId = made;
      const applied = { initialised: true, created: true, kubernetesVersion: 'v1.34.4' };
      await api.deps.store.clusters.setApplied(clusterId, applied);
    }
    const request = tracing.ended.find(({ attributes }) => attributes['plinth.request_id'] === id);
    expect(by?.requestId).toBe(id);
    expect(parseTraceparent(by?.traceparent)).toEqual(request!.context);
  },
);
