import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { CONSOLE_HEADER } from '../../core/consoleHeader.js';
import { clustersOf, uniqueCluster } from '../api/openTestApi.js';
import { eventReader } from '../api/eventReader.js';
import { testAuthority } from '../fixtures/certificates.js';
import { startRunningApi, type RunningApi } from './runningApi.js';

let dir: string;
let ca: Buffer;
let api: RunningApi;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-tls-'));
  const authority = testAuthority(dir);
  const { cert, key } = authority.sign('server');
  ca = await readFile(authority.cert);
  api = await startRunningApi({ PLINTH_TLS_CERT: cert, PLINTH_TLS_KEY: key });
}, 120_000);

afterAll(async () => {
  await api.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  trust?: Buffer;
}

function ask(path: string, { method = 'GET', headers, body, trust = ca }: Asked = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, ca: trust, agent: false as const };
    const sent = request(
      new URL(path, api.url),
      { ...options, headers: { 'content-type': 'application/json', ...headers } },
      resolve,
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function textOf(answer: IncomingMessage): Promise<string> {
  return answer.setEncoding('utf8').reduce((all: string, part: string) => all + part, '');
}

test('it is served by the certificate, and only to who trusts its authority', async () => {
  expect(api.url).toMatch(/^https:/);
  const answer = await ask('/healthz');
  expect(answer.statusCode).toBe(200);
  const headers = { 'x-api-key': api.adminKey };
  expect((await ask('/apis/system.k8smgmt.io/v3/projects', { headers })).statusCode).toBe(200);
  const stranger = await readFile(testAuthority(dir, 'stranger').cert);
  await expect(ask('/healthz', { trust: stranger })).rejects.toMatchObject({
    code: expect.stringMatching(/CERT|SIGNATURE|VERIFY/) as string,
  });
});

test('plain HTTP gets nothing at that port', async () => {
  const plain = new Promise((resolve, reject) => {
    requestPlain(`${api.url.replace('https:', 'http:')}/healthz`, resolve)
      .on('error', reject)
      .end();
  });
  await expect(plain).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test("the console's cookie is for TLS alone, and opens the API", async () => {
  const ours = { origin: api.url, [CONSOLE_HEADER]: '1' };
  const login = await ask('/console/session', {
    ...{ method: 'POST', headers: ours, body: { apiKey: api.adminKey } },
  });
  const [set = ''] = login.headers['set-cookie'] ?? [];
  expect(set).toMatch(/^__Host-plinth_session_\d+=[\w-]{43}; .*Path=\/; HttpOnly; Secure;/);
  const cookie = set.split(';')[0] ?? '';
  // A page's own script asks without an Origin.
  const headers = { cookie, 'sec-fetch-site': 'same-origin' };
  expect((await ask('/console/session', { headers })).statusCode).toBe(200);
});

test('a cluster is applied, and followed live', async () => {
  const project = await api.project();
  const headers = { 'x-api-key': api.adminKey };
  const applied = await ask(clustersOf(project), {
    ...{ method: 'POST', headers, body: uniqueCluster(project, 'demo', 1) },
  });
  expect([applied.statusCode, await textOf(applied)]).toMatchObject([200, expect.anything()]);
  const stream = await ask(`${clustersOf(project)}/demo/events`, { headers });
  expect(stream.headers['content-type']).toContain('text/event-stream');
  const body = Readable.toWeb(stream) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const first = await eventReader(new Response(body))();
  expect(first?.event).toBe('status');
  stream.destroy();
});
