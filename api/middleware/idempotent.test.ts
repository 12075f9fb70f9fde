import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import {
  clustersOf,
  openTestApi,
  uniqueCluster,
  type TestApi,
} from '../../test/api/openTestApi.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const KEYS = '/apis/system.k8smgmt.io/v3/apikeys';
const body = { name: 'ci', role: 'viewer' };
let keys = 0;

function post(key: string, content: unknown = body, path = KEYS): Promise<Response> {
  return api.call('POST', path, { body: content, headers: { 'idempotency-key': key } });
}

function newKey(): string {
  keys += 1;
  return `key-${keys}`;
}

async function apiKeysNamed(name: string): Promise<number> {
  const found = await api.database.client
    .db(api.database.database)
    .collection('apiKeys')
    .find({ name })
    .toArray();
  return found.length;
}

test('the same request again gets the first answer, and changes nothing', async () => {
  const key = newKey();
  const content = { ...body, name: 'once' };
  const first = await post(key, content);
  const text = await first.text();
  const again = await post(key, content);
  expect([first.status, again.status]).toEqual([200, 200]);
  expect(await again.text()).toBe(text);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('cache-control')).toBe('no-store');
  expect(await apiKeysNamed('once')).toBe(1);
});

test('another body, or another path, under the same key is 422 and changes nothing', async () => {
  const key = newKey();
  await post(key);
  const other = await post(key, { ...body, name: 'second' });
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ code: 422, internal: 'IdempotencyKeyReused' });
  expect(await apiKeysNamed('second')).toBe(0);
  const project = { metadata: { name: 'idempotent' } };
  const elsewhere = await post(key, project, '/apis/system.k8smgmt.io/v3/projects');
  expect(elsewhere.status).toBe(422);
});

test('ten requests at once with one key make one change and get one answer', async () => {
  const key = newKey();
  const content = { ...body, name: 'at once' };
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(key, content)));
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(new Set(texts).size).toBe(1);
  expect(await apiKeysNamed('at once')).toBe(1);
});

test('a refusal is not kept: the same key may send it corrected', async () => {
  const key = newKey();
  expect((await post(key, { name: '' })).status).toBe(400);
  expect((await post(key)).status).toBe(200);
});

test('keys of different API keys have nothing to do with each other', async () => {
  const key = newKey();
  await post(key);
  const other = await api.call('POST', KEYS, {
    ...{ key: await api.key('admin'), body: { ...body, name: 'theirs' } },
    headers: { 'idempotency-key': key },
  });
  expect(other.status).toBe(200);
});

test('the answer of an apply is the first one, whatever has happened since', async () => {
  const project = await api.project();
  const key = newKey();
  const cluster = uniqueCluster(project, 'demo', 250);
  const first = (await (await post(key, cluster, clustersOf(project))).json()) as Cluster;
  const changed = uniqueCluster(project, 'demo', 250);
  changed.spec.config.location = 'elsewhere';
  await api.call('POST', clustersOf(project), { body: changed });
  const again = await post(key, cluster, clustersOf(project));
  expect(await again.json()).toEqual(first);
  expect((await api.deps.store.clusters.get(project, 'demo'))?.generation).toBe(2);
});

test('an empty answer is kept as well, and YAML is answered to who asks for it', async () => {
  const project = await api.project();
  await api.apply(project, 'demo');
  const headers = { 'idempotency-key': newKey() };
  for (let round = 0; round < 2; round++) {
    const answer = await api.call('DELETE', `${clustersOf(project)}/demo`, { headers });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  }
  const key = newKey();
  await post(key);
  const yaml = await api.call('POST', KEYS, {
    body,
    headers: { 'idempotency-key': key, accept: 'application/yaml' },
  });
  expect(await yaml.text()).toMatch(/^id: /);
});

test.each(['', 'two words', 'x'.repeat(256)])('the key %j is refused', async (key) => {
  const answer = await post(key);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ details: [{ path: 'Idempotency-Key' }] });
});

test.each([
  ['if-match', 251],
  ['if-none-match', 252],
])('another %s under the same key is 422', async (name, site) => {
  const headers = { 'idempotency-key': newKey() };
  const project = await api.project();
  const send = (more: Record<string, string>): Promise<Response> =>
    api.call('POST', clustersOf(project), {
      body: uniqueCluster(project, 'demo', site),
      headers: { ...headers, ...more },
    });
  expect((await send({})).status).toBe(200);
  expect((await send({ [name]: '*' })).status).toBe(422);
  expect((await send({})).headers.get('idempotency-replayed')).toBe('true');
});

describe('a new API key whose answer was lost with its process', () => {
  const requests = () => api.database.client.db(api.database.database).collection('idempotency');
  /** As a `kill -9` leaves it between the key and its answer. */
  async function loseAnswers(): Promise<void> {
    await requests().updateMany(
      { leasedUntil: { $exists: false } },
      {
        $set: { leasedUntil: new Date(Date.now() - 1) },
        $unset: { status: '', headers: '', doneUnder: '' },
      },
    );
  }
  const opens = async (key: string): Promise<number> =>
    (await api.call('GET', clustersOf('defaultproject'), { key })).status;

  test('is made again as the same one: there is one, and what was told last opens it', async () => {
    const idempotencyKey = newKey();
    const content = { ...body, name: 'lost' };
    const lost = (await (await post(idempotencyKey, content)).json()) as {
      id: string;
      key: string;
    };
    await loseAnswers();
    const again = await post(idempotencyKey, content);
    const told = (await again.json()) as { id: string; key: string };
    expect([again.status, told.id]).toEqual([200, lost.id]);
    expect(await apiKeysNamed('lost')).toBe(1);
    expect([await opens(told.key), await opens(lost.key)]).toEqual([200, 401]);
    expect(await (await post(idempotencyKey, content)).json()).toEqual(told);
  });

  test('is not made again when it was revoked meanwhile', async () => {
    const idempotencyKey = newKey();
    const content = { ...body, name: 'revoked' };
    const lost = (await (await post(idempotencyKey, content)).json()) as {
      id: string;
      key: string;
    };
    expect((await api.call('DELETE', `${KEYS}/${lost.id}`)).status).toBe(200);
    await loseAnswers();
    expect((await post(idempotencyKey, content)).status).toBe(409);
    expect(await opens(lost.key)).toBe(401);
  });

  test('is another one under the same Idempotency-Key a day later', async () => {
    const idempotencyKey = newKey();
    const content = { ...body, name: 'daily' };
    const first = (await (await post(idempotencyKey, content)).json()) as {
      id: string;
      key: string;
    };
    await requests().updateMany({}, { $set: { expiresAt: new Date(Date.now() - 1) } });
    const second = (await (await post(idempotencyKey, content)).json()) as {
      id: string;
      key: string;
    };
    expect(second.id).not.toBe(first.id);
    expect([await opens(first.key), await opens(second.key)]).toEqual([200, 200]);
  });
});

test('an attempt that was too slow tells no key: the later attempt’s is the one', async () => {
  const idempotencyKey = newKey();
  const content = { ...body, name: 'slow' };
  const { audit } = api.deps.store;
  const append = audit.append.bind(audit);
  const answers: Response[] = [];
  // While the first is at its audit record, its lease ends and the second comes through.
  audit.append = async (record) => {
    audit.append = append;
    const requests = api.database.client.db(api.database.database).collection('idempotency');
    await requests.updateMany(
      { leasedUntil: { $exists: true } },
      { $set: { leasedUntil: new Date(Date.now() - 1) } },
    );
    answers.push(await post(idempotencyKey, content));
    await append(record);
  };
  const first = await post(idempotencyKey, content);
  audit.append = append;
  expect([first.status, answers[0]?.status]).toEqual([503, 200]);
  expect(first.headers.get('retry-after')).not.toBeNull();
  const told = (await answers[0]!.json()) as { key: string };
  expect(await (await post(idempotencyKey, content)).json()).toEqual(told);
  expect(await apiKeysNamed('slow')).toBe(1);
  expect((await api.call('GET', clustersOf('defaultproject'), told)).status).toBe(200);
});

test('of a request whose process died, the next one takes over after the lease', async () => {
  const { idempotency } = api.deps.store;
  const request = { id: 'dead', fingerprint: 'f', expiresAt: new Date(Date.now() + 60_000) };
  const first = await idempotency.begin({ ...request, leaseMs: 200 });
  expect((await idempotency.begin({ ...request, leaseMs: 200 })).state).toBe('running');
  await expect
    .poll(async () => (await idempotency.begin({ ...request, leaseMs: 60_000 })).state)
    .toBe('begun');
  if (first.state !== 'begun') throw new Error('not begun');
  await idempotency.finish('dead', first.lease, { status: 200, headers: {} });
  expect((await idempotency.begin({ ...request, leaseMs: 200 })).state).toBe('running');
});

test('what has expired is as if it had never been', async () => {
  const { idempotency } = api.deps.store;
  const request = { id: 'old', fingerprint: 'f', leaseMs: 60_000 };
  const begun = await idempotency.begin({ ...request, expiresAt: new Date(Date.now() + 300) });
  if (begun.state !== 'begun') throw new Error('not begun');
  await idempotency.finish('old', begun.lease, { status: 200, headers: {} });
  const again = () =>
    idempotency.begin({ ...request, expiresAt: new Date(Date.now() + 60_000), fingerprint: 'g' });
  await expect.poll(async () => (await again()).state).toBe('begun');
});

test('what is kept of an answer is sealed', async () => {
  const key = newKey();
  const made = (await (await post(key)).json()) as { key: string };
  const database = api.database.client.db(api.database.database);
  for (const { name } of await database.listCollections().toArray()) {
    const text = JSON.stringify(await database.collection(name).find().toArray());
    expect(text).not.toContain(made.key);
  }
});
