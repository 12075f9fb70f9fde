import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { newApp } from '../app.js';
import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';
import { fakeTracing, type FakeTracing, type ToldSpan } from '../../test/tracing/fakeTracing.js';

let api: TestApi;
let tracing: FakeTracing;
const url = clustersOf('defaultproject');
beforeAll(async () => {
  api = await openTestApi();
});
beforeEach(() => {
  tracing = fakeTracing();
});
afterAll(() => api.close());

/** One request; gives its span. */
async function traced(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<ToldSpan | undefined> {
  const app = newApp({ ...api.deps, tracing });
  await app.request(path, { method, headers: { 'x-api-key': api.adminKey, ...headers } });
  expect(tracing.ended.length).toBeLessThan(2);
  return tracing.ended[0];
}

test('a request is a span, named by its route, about what its log line is about', async () => {
  const span = await traced(`${url}/c1?token=planted`, { 'x-request-id': 'req-1' });
  expect(span).toMatchObject({
    name: 'GET /apis/infra.k8smgmt.io/v3/projects/:project/clusters/:name',
    parent: undefined,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/apis/infra.k8smgmt.io/v3/projects/:project/clusters/:name',
      'http.response.status_code': 404,
      'plinth.project': 'defaultproject',
      'plinth.cluster': 'c1',
      'plinth.request_id': 'req-1',
      'error.type': 'NotFound',
    },
  });
  // The client's own error is none of ours.
  expect(span).not.toHaveProperty('failure');
  expect(JSON.stringify(span)).not.toContain('planted');
});

test('it goes on the trace of who asks', async () => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const span = await traced(url, { traceparent: `00-${traceId}-${spanId}-00` });
  expect(span?.parent).toEqual({ traceId, spanId, sampled: false });
});

test('a traceparent that is none begins another trace', async () => {
  expect((await traced(url, { traceparent: 'planted' }))?.parent).toBeUndefined();
});

test.each(['/healthz', '/readyz', '/metrics'])('%s is asked without a trace', async (path) => {
  expect(await traced(path)).toBeUndefined();
});

test('neither paths nor methods that a client makes up are in it', async () => {
  const span = await traced('/planted/path', {}, 'PLANTED');
  expect(span).toMatchObject({ name: '_OTHER', attributes: { 'http.request.method': '_OTHER' } });
  expect(JSON.stringify(span)).not.toMatch(/planted/i);
});

test('a failure of ours is one of the span', async () => {
  const app = newApp({
    ...api.deps,
    tracing,
    store: {
      ...api.deps.store,
      clusters: new Proxy(api.deps.store.clusters, {
        get: () => () => Promise.reject(new Error('the password is planted')),
      }),
    },
  });
  const answer = await app.request(`${url}/c1`, { headers: { 'x-api-key': api.adminKey } });
  expect(answer.status).toBe(500);
  expect(tracing.ended[0]?.failure).toEqual({ type: 'Internal', message: undefined });
  expect(JSON.stringify(tracing.ended)).not.toContain('planted');
});
