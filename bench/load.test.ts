import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { isWhole, load, percentile } from './load.js';

let server: Server | undefined;
afterEach(() => new Promise((resolve) => server?.close(resolve)));

async function serving(status: number, paths: string[]): Promise<string> {
  server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status).end(`key ${String(request.headers['x-key'])}`);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const options = { paths: ['/a', '/b'], headers: { 'x-key': 'k' }, connections: 2, seconds: 0.2 };

describe('the load of a bench', () => {
  test('asks for all paths again and again and tells how long the answers took', async () => {
    const paths: string[] = [];
    const figures = await load({ ...options, url: await serving(200, paths) });
    expect(new Set(paths)).toEqual(new Set(['/a', '/b']));
    expect(figures.requestsPerSecond).toBeGreaterThan(20);
    expect(figures.p99Ms).toBeGreaterThanOrEqual(figures.p50Ms);
    expect(figures.p50Ms).toBeGreaterThan(0);
  });

  test('fails with any other answer than 200', async () => {
    await expect(load({ ...options, url: await serving(404, []) })).rejects.toThrow('404');
  });

  test('fails where nobody listens', async () => {
    await expect(load({ ...options, url: 'http://127.0.0.1:1' })).rejects.toThrow('ECONNREFUSED');
  });
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab', true],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n', false],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n', true],
])('%j is whole: %s', (answer, whole) => {
  expect(isWhole(answer)).toBe(whole);
});

test('a percentile is one of the values', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99)]).toEqual([100, 198]);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.99)).toBeNaN();
});
