import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openTestApi, type TestApi } from '../test/api/openTestApi.js';
import { ROUTE_NEEDS, type Need } from '../test/api/routeNeeds.js';
import { hashApiKey } from './auth/apiKey.js';
import type { ApiError } from './http/apiError.js';

/**
 * Every route against every kind of key. A route without a row in ROUTE_NEEDS fails, so nobody adds one without
 * deciding who may use it. What is asked for is not there: whoever is let in gets something else than 401 and 403.
 */

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
  expect(routesOfApp().toSorted()).toEqual(Object.keys(ROUTE_NEEDS).toSorted());
});

describe.each(CALLERS)('%s', (caller) => {
  test.each(Object.entries(ROUTE_NEEDS))('%s, which needs %s', async (route, need) => {
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
