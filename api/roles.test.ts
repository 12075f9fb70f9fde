import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openTestApi, type TestApi } from '../test/api/openTestApi.js';
import { hashApiKey } from './auth/apiKey.js';
import type { ApiError } from './http/apiError.js';

/**
 * Every route against every kind of key. A route without a row fails, so nobody adds one without deciding who may
 * use it. What is asked for is not there: whoever is let in gets something else than 401 and 403. `console`: only a
 * page of the console may, whatever key comes along.
 */
type Need =
  | 'nothing'
  | 'token'
  | 'console'
  | 'viewer'
  | 'operator'
  | 'admin'
  | 'viewer of all'
  | 'admin of all';

const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/:project/clusters';
const CLUSTER = `${CLUSTERS}/:name`;
const BLUEPRINTS = '/apis/infra.k8smgmt.io/v3/projects/:project/blueprints';
const CREDENTIALS = '/apis/infra.k8smgmt.io/v3/projects/:project/credentials';
const WEBHOOKS = '/apis/infra.k8smgmt.io/v3/projects/:project/webhooks';
const SYSTEM = '/apis/system.k8smgmt.io/v3';
const EDGES = '/edge/v1/projects/:projectId/edges';

const NEEDS: Readonly<Record<string, Need>> = {
  [`POST ${CLUSTERS}`]: 'operator',
  [`GET ${CLUSTERS}`]: 'viewer',
  ['GET /apis/infra.k8smgmt.io/v3/projects/:project/clustersummaries']: 'viewer',
  [`GET ${CLUSTER}`]: 'viewer',
  [`DELETE ${CLUSTER}`]: 'operator',
  [`GET ${CLUSTER}/status`]: 'viewer',
  [`POST ${CLUSTER}/retry`]: 'operator',
  [`POST ${CLUSTER}/cancel`]: 'operator',
  [`POST ${CLUSTER}/sync`]: 'operator',
  [`GET ${CLUSTER}/drift`]: 'viewer',
  [`GET ${CLUSTER}/health`]: 'viewer',
  [`GET ${CLUSTER}/kubeconfig`]: 'operator',
  [`GET ${CLUSTER}/events`]: 'viewer',
  [`GET ${CLUSTER}/nodes`]: 'viewer',
  [`POST ${CLUSTER}/nodes/:hostname/approve`]: 'operator',
  [`POST ${CLUSTER}/nodes/:hostname/accept-host-key`]: 'operator',
  [`POST ${CLUSTER}/nodes/:hostname/dismiss`]: 'operator',
  [`GET ${CLUSTER}/installercmds`]: 'operator',
  [`POST ${CLUSTER}/installercmds`]: 'operator',
  [`DELETE ${CLUSTER}/installercmds`]: 'operator',
  [`GET ${CLUSTER}/tasksets`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id/logs`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id/logs/events`]: 'viewer',
  [`GET ${CLUSTER}/snapshots`]: 'viewer',
  [`POST ${CLUSTER}/snapshots`]: 'operator',
  [`DELETE ${CLUSTER}/snapshots/:id`]: 'operator',
  [`POST ${CLUSTER}/restore`]: 'operator',
  [`POST ${CLUSTER}/certificates/renew`]: 'operator',
  [`GET ${BLUEPRINTS}`]: 'viewer',
  [`POST ${BLUEPRINTS}`]: 'operator',
  [`GET ${BLUEPRINTS}/:name`]: 'viewer',
  [`DELETE ${BLUEPRINTS}/:name`]: 'operator',
  [`GET ${BLUEPRINTS}/:name/versions`]: 'viewer',
  [`GET ${BLUEPRINTS}/:name/rollout`]: 'viewer',
  [`GET ${CREDENTIALS}`]: 'viewer',
  [`POST ${CREDENTIALS}`]: 'operator',
  [`GET ${CREDENTIALS}/:name`]: 'viewer',
  [`DELETE ${CREDENTIALS}/:name`]: 'operator',
  [`GET ${WEBHOOKS}`]: 'viewer',
  [`POST ${WEBHOOKS}`]: 'admin',
  [`GET ${WEBHOOKS}/:name`]: 'viewer',
  [`DELETE ${WEBHOOKS}/:name`]: 'admin',
  [`GET ${SYSTEM}/projects`]: 'viewer',
  [`POST ${SYSTEM}/projects`]: 'admin of all',
  [`GET ${SYSTEM}/projects/:project`]: 'viewer',
  [`GET ${SYSTEM}/apikeys`]: 'admin',
  [`POST ${SYSTEM}/apikeys`]: 'admin',
  [`DELETE ${SYSTEM}/apikeys/:id`]: 'admin',
  [`GET ${SYSTEM}/audit`]: 'admin',
  [`POST ${SYSTEM}/secrets/rotate`]: 'admin of all',
  'GET /auth/v1/projects': 'viewer',
  'GET /auth/v1/projects/:projectId': 'viewer',
  [`GET ${EDGES}`]: 'viewer',
  [`GET ${EDGES}/:id`]: 'viewer',
  [`PUT ${EDGES}/:id`]: 'operator',
  'GET /v2/scheduler/project/:projectId/cluster/:name': 'viewer',
  'GET /installer/install.sh': 'token',
  'POST /installer/register': 'token',
  'GET /metrics': 'viewer of all',
  'GET /healthz': 'nothing',
  'GET /readyz': 'nothing',
  'GET /openapi.json': 'nothing',
  'GET /swagger': 'nothing',
  'GET /swagger/start.js': 'nothing',
  'GET /swagger/swagger-ui.css': 'nothing',
  'GET /swagger/swagger-ui-bundle.js': 'nothing',
  'GET /swagger/favicon-32x32.png': 'nothing',
  'GET /': 'nothing',
  'GET /clusters/:project/:name': 'nothing',
  'GET /assets/:file': 'nothing',
  'GET /console/session': 'nothing',
  'POST /console/session': 'console',
  'DELETE /console/session': 'console',
  'GET /console/clusters': 'viewer',
  'GET /console/clusters/events': 'viewer',
  'GET /console/clusters/:project/:name/events': 'viewer',
  'GET /console/clusters/:project/:name/health': 'viewer',
  'GET /console/clusters/:project/:name/spec': 'viewer',
  'GET /console/clusters/:project/:name/tasksets': 'viewer',
  'GET /console/clusters/:project/:name/tasksets/:id': 'viewer',
};

const ROLES = ['viewer', 'operator', 'admin'] as const;

let api: TestApi;
let project: { id: string; name: string };
const keys: Record<string, string | null> = {};
beforeAll(async () => {
  api = await openTestApi();
  const own = await api.project();
  project = (await api.deps.store.projects.get(own))!;
  const other = await api.project();
  for (const role of ROLES) {
    keys[`${role} of the project`] = await api.key(role, own);
    keys[`${role} of another project`] = await api.key(role, other);
    keys[`${role} of all`] = await api.key(role);
  }
  const revoked = await api.key('admin');
  const { apiKeys } = api.deps.store;
  await apiKeys.revoke((await apiKeys.findByHash(hashApiKey(revoked)))!.id);
  Object.assign(keys, {
    'no key': null,
    'an unknown key': 'plinth_unknown',
    'a revoked key': revoked,
  });
});
afterAll(() => api.close());

const CALLERS = [
  ...['no key', 'an unknown key', 'a revoked key'],
  ...['the project', 'another project', 'all'].flatMap((of) =>
    ROLES.map((role) => `${role} of ${of}`),
  ),
];

const routesOfApp = (): string[] => [
  ...new Set(
    api.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

/** What a caller gets of a route: let in, 401, 403, or the 404 of the installer. */
function expected(need: Need, route: string, caller: string): 'in' | 401 | 403 | 404 {
  if (need === 'nothing') return 'in';
  if (need === 'token') return 404;
  if (need === 'console') return 403;
  const [role, , ...of] = caller.split(' ');
  const rank = ROLES.findIndex((one) => one === role);
  if (rank === -1) return 401;
  const scope = of.join(' ');
  if (need === 'viewer of all') return scope === 'all' ? 'in' : 403;
  if (need === 'admin of all') return rank === 2 && scope === 'all' ? 'in' : 403;
  if (rank < ROLES.indexOf(need)) return 403;
  return scope === 'another project' && /:project/.test(route) ? 403 : 'in';
}

function call(route: string, key: string | null): Promise<Response> {
  const [method, pattern] = route.split(' ') as [string, string];
  const path = pattern
    .replace(':projectId', project.id)
    .replace(':project', project.name)
    .replaceAll(/:\w+/g, 'none');
  // An unknown field: nothing is made by whoever is let in.
  const body = /^(POST|PUT)$/.test(method) ? { body: { planted: true } } : {};
  return api.call(method, path, { key, ...body });
}

test('every route of the API has a row, and every row a route', () => {
  expect(routesOfApp().toSorted()).toEqual(Object.keys(NEEDS).toSorted());
});

describe.each(CALLERS)('%s', (caller) => {
  test.each(Object.entries(NEEDS))('%s, which needs %s', async (route, need) => {
    const answer = await call(route, keys[caller]!);
    const wanted = expected(need, route, caller);
    if (wanted === 'in') {
      expect([401, 403, 405, 500, 503]).not.toContain(answer.status);
    } else {
      expect(answer.status).toBe(wanted);
      expect(((await answer.json()) as ApiError).code).toBe(wanted);
    }
    await answer.body?.cancel().catch(() => undefined);
  });
});
