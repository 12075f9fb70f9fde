import { request } from 'node:http';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ApiError } from './http/apiError.js';
import { clustersOf, openTestApi, type TestApi } from '../test/api/openTestApi.js';
import { serve, type ApiServer } from './server.js';

let api: TestApi;
let server: ApiServer;
beforeAll(async () => {
  api = await openTestApi({ eventPollMs: 20 });
  server = await serve(api.app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop();
  await api.close();
});

const send = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(server.url + path, {
    ...init,
    headers: { 'x-api-key': api.adminKey, ...(init.headers as Record<string, string>) },
  });

describe('over a real socket', () => {
  test('a cluster is applied and read', async () => {
    const project = await api.project();
    await api.apply(project, 'demo');
    const body = await (await send(`${clustersOf(project)}/demo`)).text();
    const again = await send(clustersOf(project), {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json' },
    });
    expect(again.status).toBe(200);
    const gone = await send(`${clustersOf(project)}/demo`, { method: 'DELETE' });
    expect([gone.status, await gone.text()]).toEqual([200, '']);
  });

  test('a body that is too large is read to its end before it is refused', async () => {
    const answer = await send(clustersOf('defaultproject'), {
      method: 'POST',
      body: Buffer.alloc(12 * 1024 * 1024, 'x'),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(413);
    expect(((await answer.json()) as ApiError).internal).toBe('PayloadTooLarge');
  });

  test('a body without a length is limited as well', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        `${server.url}${clustersOf('defaultproject')}`,
        {
          method: 'POST',
          headers: { 'x-api-key': api.adminKey, 'content-type': 'application/json' },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      sent.on('error', reject);
      for (let part = 0; part < 6; part += 1) sent.write(Buffer.alloc(1024 * 1024, 'x'));
      sent.end();
    });
    expect(status).toBe(413);
  });

  test('a body of endless length is cut off, and the next request is answered', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST ${clustersOf('defaultproject')} HTTP/1.1\r\nhost: x\r\nx-api-key: ${api.adminKey}\r\n` +
        'content-type: application/json\r\ncontent-length: 10000000000\r\n\r\n',
    );
    const block = Buffer.alloc(1024 * 1024, 'x');
    const feed = (): void => {
      while (!socket.destroyed && socket.writable && socket.write(block));
    };
    socket.on('drain', feed);
    feed();
    // Whether the 413 still reaches a client that never stops sending is the network's to decide.
    await new Promise((resolve) => socket.on('close', resolve).resume());
    expect((await send('/healthz')).status).toBe(200);
  });
});

describe('stop', () => {
  test('ends event streams and open connections, and the port is free again', async () => {
    const other = await serve(api.app, { host: '127.0.0.1', port: 0 });
    const project = await api.project();
    await api.apply(project, 'demo');
    const stream = await fetch(`${other.url}${clustersOf(project)}/demo/events`, {
      headers: { 'x-api-key': api.adminKey },
    });
    const reader = stream.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    const stopped = other.stop();
    while (!(await reader.read()).done);
    await stopped;
    const again = await serve(api.app, { host: '127.0.0.1', port: other.port });
    await again.stop();
  });

  test('of a port that is taken fails at the start, with the reason', async () => {
    const second = serve(api.app, { host: '127.0.0.1', port: server.port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
