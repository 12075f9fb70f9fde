import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { addressProblem, openRequest, requestProblem } from './openRequest.js';

/** What names lead to here. */
const NAMES: Record<string, string[]> = {
  'ours.test': ['127.0.0.1'],
  'metadata.test': ['169.254.169.254'],
  'one-of-two.test': ['127.0.0.1', '64:ff9b::a9fe:a9fe'],
};
vi.mock('node:dns', () => ({
  lookup: (name: string, _: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      NAMES[name]!.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
}));

let server: Server;
let port: number;
const seen: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      seen.push(`${request.method!} ${request.headers['x-of']!.toString()} ${text}`);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

const open = (host: string) =>
  openRequest(`http://${host}:${String(port)}/`, {
    ...{ method: 'POST', headers: { 'x-of': 'test' }, body: 'text', agent: false },
    signal: AbortSignal.timeout(5_000),
  });

test.each(['127.0.0.1', 'ours.test'])(
  '%s is asked, once, wherever its answer leads',
  async (host) => {
    seen.length = 0;
    const answer = await open(host);
    answer.destroy();
    expect(answer.statusCode).toBe(302);
    expect(seen).toEqual(['POST test text']);
  },
);

test.each([
  ['169.254.169.254', 'link-local'],
  ['[fe80::1]', 'link-local'],
  ['[::ffff:169.254.169.254]', 'link-local'],
  ['[64:ff9b::169.254.169.254]', 'link-local'],
  ['[fd00:ec2::254]', 'metadata'],
  ['metadata.test', 'link-local'],
  ['one-of-two.test', 'link-local'],
])('%s is not asked: %s', async (host, problem) => {
  seen.length = 0;
  const error = await open(host).catch((thrown: unknown) => thrown);
  expect(requestProblem(error)).toContain(problem);
  expect(seen).toEqual([]);
});

test.each(['10.0.0.7', '192.168.1.1', 'fd00:ec2::253', 'fd12::1', '64:ff9b::10.0.0.7', '::1'])(
  '%s is of a private network, and is asked',
  (address) => {
    expect(addressProblem(address)).toBeUndefined();
  },
);
