import { request } from 'node:http';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { clustersOf, openTestApi, type TestApi } from '../test/api/openTestApi.js';
import { newApp } from './app.js';
import type { ApiError } from './http/apiError.js';
import { serve, type ApiServer } from './server.js';

/**
 * Every error that the API answers, over a real socket: the form is always the same, nothing of the inside is told,
 * and the request's id is in the header and in the log.
 */
let api: TestApi;
let server: ApiServer;
let broken: ApiServer;
let limited: ApiServer;
beforeAll(async () => {
  api = await openTestApi({ maxBodyBytes: 4096 });
  const { deps } = api;
  const listen = (app: ReturnType<typeof newApp>): Promise<ApiServer> =>
    serve(app, { host: '127.0.0.1', port: 0 });
  server = await listen(api.app);
  const clusters = {
    ...deps.store.clusters,
    get: () => Promise.reject(new TypeError('planted: /srv/secret at 10.1.1.1')),
  };
  broken = await listen(newApp({ ...deps, store: { ...deps.store, clusters } }));
  limited = await listen(newApp({ ...deps, config: { ...deps.config, requestsPerSecond: 0.01 } }));
  // The first of each is let in.
  await fetch(`${limited.url}${CLUSTERS}`, { headers: { 'x-api-key': api.adminKey } });
  await fetch(`${limited.url}${CLUSTERS}`);
});
afterAll(async () => {
  await Promise.all([server, broken, limited].map((each) => each.stop()));
  await api.close();
});

const CLUSTERS = clustersOf('defaultproject');
const JSON_TYPE = { 'content-type': 'application/json' };

interface Case {
  status: number;
  internal: string;
  method?: string;
  path?: string;
  key?: 'admin' | 'none' | 'viewer';
  body?: string;
  headers?: Record<string, string>;
  on?: 'broken' | 'limited';
  /** Of the first problem. */
  at?: string;
  answers?: Record<string, RegExp>;
}

const post = (body: string, headers: Record<string, string> = JSON_TYPE) => ({
  ...{ method: 'POST', body, headers },
});

const CASES: Readonly<Record<string, Case>> = {
  'JSON that is none': { status: 400, internal: 'InvalidRequest', ...post('{"kind":') },
  'YAML that is none': {
    ...{ status: 400, internal: 'InvalidRequest' },
    ...post('kind: [', { 'content-type': 'application/yaml' }),
  },
  'a spec with problems': {
    ...{ status: 400, internal: 'InvalidRequest', at: 'extra' },
    ...post('{"extra":1,"kind":"Cluster","apiVersion":"infra.k8smgmt.io/v3"}'),
  },
  'an empty body': { status: 400, internal: 'InvalidRequest', ...post('') },
  'a query that cannot be': {
    ...{ status: 400, internal: 'InvalidRequest', path: `${CLUSTERS}?limit=x`, at: 'limit' },
  },
  'no key': { status: 401, internal: 'Unauthorized', key: 'none' },
  'a role too small': { status: 403, internal: 'Forbidden', key: 'viewer', ...post('{}') },
  'no such cluster': { status: 404, internal: 'NotFound', path: `${CLUSTERS}/none` },
  'no such project': { status: 404, internal: 'NotFound', path: clustersOf('nowhere') },
  'no such path': { status: 404, internal: 'NotFound', path: '/apis/none' },
  'a path with broken escapes': { status: 404, internal: 'NotFound', path: `${CLUSTERS}/%ff` },
  'a method that is not there': {
    ...{ status: 405, internal: 'MethodNotAllowed', method: 'PUT' },
    answers: { allow: /^GET, HEAD, POST$/ },
  },
  'a method that nobody knows': {
    ...{ status: 405, internal: 'MethodNotAllowed', method: 'PURGE' },
    answers: { allow: /^GET, HEAD, POST$/ },
  },
  'something that is already there': {
    ...{ status: 409, internal: 'Conflict', path: '/apis/system.k8smgmt.io/v3/projects' },
    ...post('{"metadata":{"name":"defaultproject"}}'),
  },
  'a body too large': {
    ...{ status: 413, internal: 'PayloadTooLarge' },
    ...post(JSON.stringify({ text: 'x'.repeat(5000) })),
  },
  'a type that nobody reads': {
    ...{ status: 415, internal: 'UnsupportedMediaType' },
    ...post('<a/>', { 'content-type': 'application/xml' }),
  },
  'too many requests of a key': {
    ...{ status: 429, internal: 'TooManyRequests', on: 'limited' },
    answers: { 'retry-after': /^\d+$/ },
  },
  'too many requests without a key': {
    ...{ status: 429, internal: 'TooManyRequests', on: 'limited', key: 'none' },
    answers: { 'retry-after': /^\d+$/ },
  },
  'a defect of ours': {
    ...{ status: 500, internal: 'Internal', path: `${CLUSTERS}/any`, on: 'broken' },
  },
};

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** As a client without manners sends it: `fetch` would correct paths and methods. */
function send(id: string, one: Case, key: string | undefined): Promise<Answer> {
  const { hostname, port } = new URL(
    { broken: broken.url, limited: limited.url, '': server.url }[one.on ?? ''],
  );
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ hostname, port, method: one.method ?? 'GET', path: one.path ?? CLUSTERS },
        headers: {
          'x-request-id': id,
          ...(key === undefined ? {} : { 'x-api-key': key }),
          ...one.headers,
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          resolve({
            ...{ status: answer.statusCode ?? 0, headers: answer.headers },
            text: Buffer.concat(parts).toString(),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(one.body);
  });
}

/** Nothing that tells how it looks inside. */
const INSIDE = /planted: |10\.1\.1|\.ts\b|\.js:|node_modules|TypeError|\bat [\w.]+ \(/;

function expectApiError(text: string, status: number): ApiError {
  const error = JSON.parse(text) as ApiError;
  expect(Object.keys(error).toSorted()).toEqual([
    'code',
    'details',
    'external',
    'internal',
    'message',
  ]);
  expect(error.code).toBe(status);
  expect(error.message).toMatch(/\w/);
  expect(error.external).toContain(error.message);
  for (const problem of error.details) {
    expect(typeof problem.path).toBe('string');
    expect(problem.message).toMatch(/\w/);
  }
  expect(text).not.toMatch(INSIDE);
  return error;
}

describe('errors over a real socket', () => {
  test.each(Object.entries(CASES))('%s', async (name, one) => {
    const { adminKey } = api;
    const keys = { admin: adminKey, none: undefined, viewer: await api.key('viewer') };
    const id = `req-${name.replaceAll(' ', '-')}`;
    const answer = await send(id, one, keys[one.key ?? 'admin']);
    expect([answer.status, answer.text]).toEqual([one.status, expect.any(String)]);
    const error = expectApiError(answer.text, one.status);
    expect(error.internal).toBe(one.internal);
    if (one.at !== undefined) expect(error.details.map(({ path }) => path)).toContain(one.at);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['x-request-id']).toBe(id);
    for (const [header, value] of Object.entries(one.answers ?? {})) {
      expect(answer.headers[header]).toMatch(value);
    }
    const lines = api.logged
      .map((line) => JSON.parse(line) as { requestId?: string; msg: string; error?: string })
      .filter((line) => line.requestId === id && line.msg === 'request');
    expect(lines).toMatchObject([{ status: one.status, error: one.internal }]);
  });

  test('the cause of a defect is in the log only', async () => {
    await send('req-cause', CASES['a defect of ours']!, api.adminKey);
    const lines = api.logged.filter((line) => line.includes('req-cause'));
    expect(lines.join('\n')).toContain('planted: /srv/secret');
  });

  test('what Temporal or the database being away costs is 503 with Retry-After', async () => {
    const project = await api.project();
    await api.apply(project, 'away');
    api.workflows.away = true;
    const one = { status: 503, internal: 'ConnectionLost', method: 'POST' };
    const path = `${clustersOf(project)}/away/cancel`;
    const answer = await send('req-away', { ...one, path }, api.adminKey);
    api.workflows.away = false;
    expect(answer.status).toBe(503);
    expect(expectApiError(answer.text, 503).internal).toBe('ConnectionLost');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
  });
});

describe('what never becomes a request', () => {
  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['headers without an end', `GET / HTTP/1.1\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
  ])('%s is answered in the same form', async (_name, bytes, status) => {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
      let got = '';
      socket.on('data', (part) => (got += part.toString()));
      socket.on('close', () => {
        resolve(got);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
    });
    const [head, body] = text.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect(head).toMatch(/x-request-id: [\w-]{36}/);
    expectApiError(body!, status);
  });
});
