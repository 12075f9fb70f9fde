import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ApiError } from '../http/apiError.js';
import { clustersOf, openTestApi, type TestApi } from '../../test/api/openTestApi.js';

let api: TestApi;
const url = clustersOf('defaultproject');
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

describe('an API key', () => {
  test.each([
    ['X-API-KEY', (key: string) => ({ 'x-api-key': key })],
    ['X-RAFAY-API-KEYID', (key: string) => ({ 'x-rafay-api-keyid': key })],
    ['Authorization: Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
    [
      'a header beside a signature that we do not read',
      (key: string) => ({
        ...{ 'x-api-key': key, 'x-rafay-api-keyid': key },
        ...{ authorization: 'Signature abc', nonce: '1', date: '1700000000', 'content-md5': 'x' },
      }),
    ],
  ])('may come as %s', async (_, headers) => {
    const answer = await api.call('GET', url, { key: null, headers: headers(api.adminKey) });
    expect(answer.status).toBe(200);
  });

  test.each(['', 'plinth_', 'plinth_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', ' '])(
    '%j is 401',
    async (key) => {
      const answer = await api.call('GET', url, { key });
      expect(answer.status).toBe(401);
      expect(((await answer.json()) as ApiError).internal).toBe('Unauthorized');
    },
  );

  test('is not opened by its hash', async () => {
    const key = createHash('sha256').update(api.adminKey).digest('hex');
    expect((await api.call('GET', url, { key })).status).toBe(401);
  });

  test('that was revoked is 401 at once', async () => {
    const key = await api.key('viewer');
    expect((await api.call('GET', url, { key })).status).toBe(200);
    const record = (await api.deps.store.apiKeys.list()).find(({ hash }) =>
      hash.startsWith(createHash('sha256').update(key).digest('hex')),
    )!;
    await api.deps.store.apiKeys.revoke(record.id);
    expect((await api.call('GET', url, { key })).status).toBe(401);
  });

  test('of one project learns nothing of others, not even whether they exist', async () => {
    const key = await api.key('admin', await api.project());
    const there = await api.call('GET', url, { key });
    const notThere = await api.call('GET', clustersOf('nowhere'), { key });
    expect([there.status, notThere.status]).toEqual([403, 403]);
  });

  test('for a project that does not exist is told so', async () => {
    const answer = await api.call('GET', clustersOf('nowhere'));
    expect(answer.status).toBe(404);
    expect(((await answer.json()) as ApiError).message).toBe('project nowhere does not exist');
  });
});

describe('the log', () => {
  test('has one line per request, with who and what, and never the key', async () => {
    api.logged.length = 0;
    await api.call('GET', `${url}?user_agent=planted`, { headers: { 'x-request-id': 'req-1' } });
    expect(api.logged).toHaveLength(1);
    const line = JSON.parse(api.logged[0]!) as object;
    expect(line).toMatchObject({
      ...{ requestId: 'req-1', method: 'GET', path: url, status: 200, key: 'admin key' },
      msg: 'request',
    });
    expect(api.logged[0]).not.toContain(api.adminKey);
    expect(api.logged[0]).not.toContain('planted');
  });

  test('names the class of a refusal', async () => {
    api.logged.length = 0;
    await api.call('GET', clustersOf('nowhere'));
    expect(JSON.parse(api.logged[0]!)).toMatchObject({ status: 404, error: 'NotFound' });
  });
});

describe('a request id', () => {
  test('of the client is given back', async () => {
    const answer = await api.call('GET', '/healthz', { headers: { 'x-request-id': 'abc-1' } });
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
  });

  test('that could break a log is replaced', async () => {
    const answer = await api.call('GET', '/healthz', { headers: { 'x-request-id': 'a b"c' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
