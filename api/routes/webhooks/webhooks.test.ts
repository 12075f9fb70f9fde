import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Problem } from '../../../core/errors.js';
import { newApp } from '../../app.js';
import { openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

const SECRET = 'sixteen characters or more';

let api: TestApi;
let project: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
});

const of = (name = ''): string =>
  `/apis/infra.k8smgmt.io/v3/projects/${project}/webhooks${name === '' ? '' : `/${name}`}`;
const apply = (name: string, spec: object): Promise<Response> =>
  api.call('POST', of(), { body: { metadata: { name }, spec } });
const url = 'https://10.0.0.7:8443/hook?team=a';

async function secret(name: string): Promise<string | undefined> {
  const owner = `webhook:${project}/${name}`;
  const sealed = await api.deps.store.secrets.get(owner, 'signing');
  return sealed === undefined ? undefined : api.deps.vault.open(owner, sealed);
}

describe('a webhook', () => {
  test('is answered without its secret, which is sealed', async () => {
    const answer = await apply('pager', { url, signingSecret: SECRET });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      ...{ kind: 'Webhook', metadata: { name: 'pager', project } },
      spec: { url, events: ['taskset.succeeded', 'taskset.failed'] },
      status: { deliveries: [] },
    });
    expect(text).not.toContain(SECRET);
    expect(await secret('pager')).toBe(SECRET);
    expect(JSON.stringify(await (await api.call('GET', of())).json())).not.toContain(SECRET);
  });

  test('as it was read is posted back, and keeps its secret', async () => {
    await apply('pager', { url, events: ['taskset.failed'], signingSecret: SECRET });
    const read = (await (await api.call('GET', of('pager'))).json()) as object;
    const again = await api.call('POST', of(), { body: read });
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ spec: { url, events: ['taskset.failed'] } });
    expect(await secret('pager')).toBe(SECRET);
  });

  test('that is deleted leaves no secret', async () => {
    await apply('pager', { url, signingSecret: SECRET });
    expect((await api.call('DELETE', of('pager'))).status).toBe(200);
    expect((await api.call('GET', of('pager'))).status).toBe(404);
    expect((await api.call('DELETE', of('pager'))).status).toBe(404);
    expect(await secret('pager')).toBeUndefined();
  });

  test.each([
    ['viewer', 'https://10.0.0.7:8443'],
    ['operator', 'https://10.0.0.7:8443'],
    ['admin', url],
  ] as const)('shows a %s of its URL %s', async (role, shown) => {
    await apply('pager', { url, signingSecret: SECRET });
    const key = await api.key(role, project);
    for (const path of [of(), of('pager')]) {
      const text = await (await api.call('GET', path, { key })).text();
      expect(text).toContain(`"url":${JSON.stringify(shown)}`);
      expect(text.includes('team=a')).toBe(role === 'admin');
    }
  });

  test('whose secret cannot be removed is there still, to be deleted again', async () => {
    await apply('pager', { url, signingSecret: SECRET });
    const { store } = api.deps;
    const secrets = { ...store.secrets, remove: () => Promise.reject(new Error('away')) };
    const broken = newApp({ ...api.deps, store: { ...store, secrets } });
    const request = { method: 'DELETE', headers: { 'x-api-key': api.adminKey } };
    expect((await broken.request(of('pager'), request)).status).toBe(500);
    expect((await api.call('DELETE', of('pager'))).status).toBe(200);
    expect(await secret('pager')).toBeUndefined();
  });

  test('is audited, without its path and query', async () => {
    await apply('pager', { url, signingSecret: SECRET });
    await apply('pager', { url, events: ['taskset.failed'] });
    await api.call('DELETE', of('pager'));
    const { items } = await api.deps.store.audit.list({ limit: 9, project });
    expect(items.map(({ action, summary }) => [action, summary])).toEqual([
      ['webhook.delete', 'webhook pager'],
      ['webhook.update', 'taskset.failed to 10.0.0.7:8443'],
      ['webhook.create', 'taskset.succeeded, taskset.failed to 10.0.0.7:8443'],
    ]);
  });
});

test.each([
  [{ url }, 'spec.signingSecret', 'is missing'],
  [{ url, signingSecret: 'short' }, 'spec.signingSecret', 'Too small'],
  [{ url: 'ftp://x/', signingSecret: SECRET }, 'spec.url', 'is not an http or https URL'],
  [{ url: 'http://me:pw@x/', signingSecret: SECRET }, 'spec.url', 'has a login in it'],
  [{ url: 'http://[x/', signingSecret: SECRET }, 'spec.url', 'is not a URL'],
  [{ url, events: [], signingSecret: SECRET }, 'spec.events', 'Too small'],
  [{ url, events: ['x'], signingSecret: SECRET }, 'spec.events[0]', 'Invalid option'],
  [{ url, signingSecret: SECRET, retries: 3 }, 'spec.retries', 'unknown field'],
])('%j is refused: %s %s', async (spec, path, message) => {
  const answer = await apply('pager', spec);
  expect(answer.status).toBe(400);
  const { details } = (await answer.json()) as { details: Problem[] };
  expect(details).toHaveLength(1);
  expect(details[0]!.path).toBe(path);
  expect(details[0]!.message).toContain(message);
  expect(JSON.stringify(details)).not.toContain('pw');
});
