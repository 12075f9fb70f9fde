import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ConsoleSession } from '../../../core/consoleModel.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { newApp } from '../../app.js';
import { hashApiKey } from '../../auth/apiKey.js';
import type { ApiError } from '../../http/apiError.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const URL = 'http://plinth.test:8080';
const HOST = { host: 'plinth.test:8080' };
/** What a browser sends along from a page of ours, and what our script adds. */
const OURS = { ...HOST, origin: URL, 'sec-fetch-site': 'same-origin', 'x-plinth-console': '1' };
const clusters = clustersOf('defaultproject');

interface Ask {
  cookie?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

function ask(method: string, path: string, { cookie, body, headers = OURS }: Ask = {}) {
  return api.call(method, path, {
    key: null,
    ...(body === undefined ? {} : { body }),
    headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
  });
}

async function logIn(key = api.adminKey, headers: Record<string, string> = OURS): Promise<string> {
  const answer = await ask('POST', '/console/session', { body: { apiKey: key }, headers });
  expect(answer.status).toBe(200);
  return answer.headers.get('set-cookie')!;
}

const pairOf = (setCookie: string): string => setCookie.split(';')[0]!;

let cookie: string;
beforeEach(async () => {
  cookie = pairOf(await logIn());
});

const sessions = () => api.database.client.db(api.database.database).collection('sessions');

describe('logging in', () => {
  test('gives a cookie that scripts cannot read, that goes nowhere else, and is not the key', async () => {
    const set = await logIn();
    expect(set).toMatch(
      /^plinth_session_8080=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(set).not.toContain(api.adminKey);
  });

  test('under TLS, or behind a proxy that does it, the cookie is for TLS and this host alone', async () => {
    const headers = { ...OURS, host: 'plinth.example.com', origin: 'https://plinth.example.com' };
    const set = await logIn(api.adminKey, headers);
    expect(set).toMatch(
      /^__Host-plinth_session=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  test('says who is logged in, and nothing that opens anything', async () => {
    const answer = await ask('GET', '/console/session', { cookie });
    expect((await answer.json()) as ConsoleSession).toEqual({
      user: { name: 'admin key', role: 'admin' },
      version: '0.0.0',
      dryRun: true,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('what is stored is a hash: no token and no key', async () => {
    const token = cookie.split('=')[1]!;
    const stored = JSON.stringify(await sessions().find().toArray());
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(api.adminKey);
    expect(stored).toContain(hashApiKey(token));
  });

  test.each(['plinth_wrong', ' nobody '])(
    'with the wrong key %j is 401, without a cookie',
    async (key) => {
      const answer = await ask('POST', '/console/session', { body: { apiKey: key } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(await answer.text()).not.toContain(key.trim());
    },
  );

  test('with a revoked key is 401', async () => {
    const key = await api.key('viewer');
    await api.deps.store.apiKeys.revoke(
      (await api.deps.store.apiKeys.findByHash(hashApiKey(key)))!.id,
    );
    expect((await ask('POST', '/console/session', { body: { apiKey: key } })).status).toBe(401);
  });

  test('is in the audit trail, and so is logging out', async () => {
    await ask('DELETE', '/console/session', { cookie });
    const { items } = await api.deps.store.audit.list({ limit: 2, offset: 0 });
    expect(items.map(({ action }) => action)).toEqual(['session.delete', 'session.create']);
  });

  test('again with a session leaves none behind', async () => {
    const before = await sessions().countDocuments();
    await ask('POST', '/console/session', { cookie, body: { apiKey: api.adminKey } });
    expect(await sessions().countDocuments()).toBe(before);
    expect((await ask('GET', clusters, { cookie })).status).toBe(401);
  });
});

describe('a session', () => {
  test('opens what its key opens, no more', async () => {
    expect((await ask('GET', clusters, { cookie })).status).toBe(200);
    const viewer = pairOf(await logIn(await api.key('viewer')));
    expect((await ask('GET', clusters, { cookie: viewer })).status).toBe(200);
    expect((await ask('DELETE', `${clusters}/none`, { cookie: viewer })).status).toBe(403);
    const elsewhere = pairOf(await logIn(await api.key('admin', await api.project())));
    expect((await ask('GET', clusters, { cookie: elsewhere })).status).toBe(403);
  });

  test('ends when it is logged out, wherever its cookie is', async () => {
    const answer = await ask('DELETE', '/console/session', { cookie });
    expect(answer.headers.get('set-cookie')).toMatch(/^plinth_session_8080=; Max-Age=0/);
    expect((await ask('GET', clusters, { cookie })).status).toBe(401);
  });

  test('ends with its key', async () => {
    const key = await api.key('operator');
    const own = pairOf(await logIn(key));
    expect((await ask('GET', clusters, { cookie: own })).status).toBe(200);
    await api.deps.store.apiKeys.revoke(
      (await api.deps.store.apiKeys.findByHash(hashApiKey(key)))!.id,
    );
    expect((await ask('GET', clusters, { cookie: own })).status).toBe(401);
    expect(await (await ask('GET', '/console/session', { cookie: own })).json()).not.toHaveProperty(
      'user',
    );
  });

  test('ends by the clock, before the database clears it away', async () => {
    const _id = hashApiKey(cookie.split('=')[1]!) as never;
    await sessions().updateOne({ _id }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    const answer = await ask('GET', clusters, { cookie });
    expect(answer.status).toBe(401);
    expect(((await answer.json()) as ApiError).message).toBe('the session has ended: log in again');
  });

  test('of an unknown token opens nothing', async () => {
    expect((await ask('GET', clusters, { cookie: 'plinth_session_8080=none' })).status).toBe(401);
  });

  test('counts for nothing where a key is sent: the key decides', async () => {
    const answer = await api.call('GET', clusters, {
      key: 'plinth_wrong',
      headers: { ...OURS, cookie },
    });
    expect(answer.status).toBe(401);
  });
});

const without = (...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(OURS).filter(([name]) => !names.includes(name)));

describe('a change by another site’s page is refused', () => {
  test.each([
    ['another site', { ...OURS, 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { ...OURS, 'sec-fetch-site': 'same-site' }],
    ['an address typed in', { ...OURS, 'sec-fetch-site': 'none' }],
    ['a foreign origin', { ...without('sec-fetch-site'), origin: 'http://evil.test' }],
    [
      'our host by another port',
      { ...without('sec-fetch-site'), origin: 'http://plinth.test:9090' },
    ],
    ['no origin at all', without('sec-fetch-site', 'origin')],
    ['an origin that is none', { ...without('sec-fetch-site'), origin: 'null' }],
    ['a form of ours, without the header', without('x-plinth-console')],
  ])('%s', async (_, headers) => {
    for (const [method, path, body] of [
      ['DELETE', `${clusters}/none`, undefined],
      ['POST', clusters, {}],
      ['POST', '/console/session', { apiKey: api.adminKey }],
      ['DELETE', '/console/session', undefined],
    ] as const) {
      const answer = await ask(method, path, { cookie, headers, body });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect((await ask('GET', clusters, { cookie })).status).toBe(200);
  });

  test('and so is reading by it', async () => {
    for (const headers of [
      { ...OURS, 'sec-fetch-site': 'cross-site' },
      { ...without('sec-fetch-site'), origin: 'http://evil.test' },
    ]) {
      expect((await ask('GET', clusters, { cookie, headers })).status).toBe(403);
    }
  });
});

describe('a change by our own page is let in', () => {
  test.each([
    ['as browsers say it', OURS],
    ['over plain HTTP to another computer, where they say less', without('sec-fetch-site')],
    [
      'behind a proxy that changes the host, by PLINTH_URL',
      { ...without('sec-fetch-site'), host: 'api:8080' },
    ],
  ])('%s', async (_, headers) => {
    const own = pairOf(await logIn(api.adminKey, headers));
    const answer = await ask('DELETE', `${clusters}/none`, { cookie: own, headers });
    expect(answer.status).toBe(404);
  });
});

describe('under TLS', () => {
  const TLS = { ...OURS, host: 'plinth.example.com', origin: 'https://plinth.example.com' };
  const opens = async (by: string, headers: Record<string, string> = TLS): Promise<number> =>
    (await ask('GET', clusters, { cookie: by, headers })).status;

  test('only the cookie counts that plain HTTP and other hosts cannot set', async () => {
    const own = pairOf(await logIn(api.adminKey, TLS));
    expect(own).toMatch(/^__Host-/);
    expect(await opens(own)).toBe(200);
    expect(await opens(own.replace('__Host-', ''))).toBe(401);
    expect(await opens(`${own.replace('__Host-', '')}; __Host-plinth_session=other`)).toBe(401);
  });

  test('that PLINTH_URL tells of, nor where the browser does not say by what it came', async () => {
    const { config } = api.deps;
    const app = newApp({ ...api.deps, config: { ...config, url: 'https://plinth.example.com' } });
    const token = cookie.split('=')[1]!;
    const headers = { host: 'api:8080', 'sec-fetch-site': 'same-origin' };
    const get = async (name: string) =>
      (await app.request(clusters, { headers: { ...headers, cookie: `${name}=${token}` } })).status;
    expect(await get('__Host-plinth_session_8080')).toBe(200);
    expect(await get('plinth_session_8080')).toBe(401);
  });
});

describe('what is asked of /console/session is counted', () => {
  /** One request of each caller is let in. */
  const limited = (): ReturnType<typeof newApp> =>
    newApp({ ...api.deps, config: { ...api.deps.config, requestsPerSecond: 0.01 } });
  const statuses = async (app: ReturnType<typeof newApp>, init: RequestInit, by = cookie) => {
    const headers = { ...OURS, 'content-type': 'application/json', cookie: by };
    const one = async () => (await app.request('/console/session', { ...init, headers })).status;
    return [await one(), await one()];
  };

  test('by the key, where it is good', async () => {
    const body = JSON.stringify({ apiKey: api.adminKey });
    expect(await statuses(limited(), { method: 'POST', body })).toEqual([200, 429]);
    expect(await statuses(limited(), { method: 'GET' })).toEqual([200, 429]);
  });

  test.each(['GET', 'DELETE'])(
    'by the address, where the cookie opens nothing: %s',
    async (method) => {
      const none = 'plinth_session_8080=none';
      expect(await statuses(limited(), { method }, none)).toEqual([200, 429]);
    },
  );
});

test('more than a key is not read at logging in', async () => {
  const answer = await ask('POST', '/console/session', { body: { apiKey: 'x'.repeat(17_000) } });
  expect(answer.status).toBe(413);
  expect(((await answer.json()) as ApiError).message).toContain('16384 bytes');
});
