import { afterAll, beforeAll, expect, test } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';
import type { ApiError } from '../http/apiError.js';

let api: TestApi;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
  project = await api.project();
  await api.apply(project, 'demo');
});
afterAll(() => api.close());

const TRYING = [
  'POST /apis/infra.k8smgmt.io/v3/projects/:project/clusters',
  'DELETE /apis/infra.k8smgmt.io/v3/projects/:project/clusters/:name',
];

test('dryRun is refused by every route that changes and cannot be tried, whoever asks', async () => {
  const changing = [
    ...new Set(
      api.app.routes
        .filter(({ method }) => !['ALL', 'GET'].includes(method))
        .map(({ method, path }) => `${method} ${path}`),
    ),
  ];
  expect(changing).toEqual(expect.arrayContaining([...TRYING, 'POST /console/session']));
  for (const route of changing) {
    const [method, pattern] = route.split(' ') as [string, string];
    const path = pattern.replace(':project', project).replaceAll(/:\w+/g, 'none');
    const answer = await api.call(method, `${path}?dryRun=true`);
    const { details } = (await answer.json()) as ApiError;
    const refused = details.some((problem) => problem.path === 'dryRun');
    expect([route, answer.status === 400 && refused]).toEqual([route, !TRYING.includes(route)]);
  }
});

test.each(['dryRun=true', 'dryRun=True', 'dryRun=1', 'dryRun', 'dryRun=false&dryRun=true'])(
  'what is asked with ?%s is not done',
  async (query) => {
    const { clusters } = api.deps.store;
    const before = await clusters.get(project, 'demo');
    const answer = await api.call('POST', `${clustersOf(project)}/demo/sync?${query}`);
    expect(answer.status).toBe(400);
    expect(await clusters.get(project, 'demo')).toEqual(before);
  },
);

test('what says that it is no dry run is done', async () => {
  const path = '/apis/system.k8smgmt.io/v3/projects?dryRun=false';
  const answer = await api.call('POST', path, { body: { metadata: { name: 'done' } } });
  expect(answer.status).toBe(200);
});

test.each([
  ['POST', '/apis/none', 404],
  ['PUT', clustersOf('defaultproject'), 405],
])('%s %s is %i still', async (method, path, status) => {
  expect((await api.call(method, `${path}?dryRun=true`)).status).toBe(status);
});
