import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, expect, test } from 'vitest';

import { createClient, type ServerEvent } from './client.js';
import { ExitCode } from './exitCodes.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serverOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const streamOf = (write: (stream: ServerResponse) => void): Promise<string> =>
  serverOf((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    write(response);
  });

const IDLE_MS = 400;

async function eventsOf(url: string, onHeard: () => void = () => undefined) {
  const { signal } = new AbortController();
  const found: ServerEvent[] = [];
  const client = createClient(url, 'key', { idleMs: IDLE_MS });
  for await (const event of client.events('/events', { signal, onHeard })) found.push(event);
  return found;
}

test('an event is read whole, the line ends of Unicode in its data too', async () => {
  const data = JSON.stringify({ lines: ['a\u2028b\u2029c'] });
  const url = await streamOf((stream) => stream.end(`event: lines\nid: 7\ndata: ${data}\n\n`));
  expect(await eventsOf(url)).toEqual([{ event: 'lines', id: '7', data }]);
});

test('a stream that says nothing any more ends as a connection that broke', async () => {
  const url = await streamOf((stream) => stream.write('data: one\n\n'));
  await expect(eventsOf(url)).rejects.toMatchObject({
    exitCode: ExitCode.Unavailable,
    message: expect.stringContaining('it said nothing for 0.4 s') as string,
  });
});

test('a server that takes the request and never answers is given up alike', async () => {
  const url = await serverOf(() => undefined);
  await expect(eventsOf(url)).rejects.toMatchObject({ exitCode: ExitCode.Unavailable });
});

test('a request ends with the signal that it was given', async () => {
  const pressed = new AbortController();
  const url = await serverOf(() => pressed.abort());
  const asked = createClient(url, 'key').getJson('/status', { signal: pressed.signal });
  await expect(asked).rejects.toMatchObject({ exitCode: ExitCode.Unavailable });
});

test('signs of life keep a stream open that has nothing to tell', async () => {
  const url = await streamOf((stream) => {
    void (async () => {
      for (let sign = 0; sign < 8; sign += 1) {
        stream.write(': alive\n\n');
        await delay(IDLE_MS / 4);
      }
      stream.end('data: late\n\n');
    })();
  });
  let heard = 0;
  expect(await eventsOf(url, () => (heard += 1))).toEqual([{ event: 'message', data: 'late' }]);
  expect(heard).toBeGreaterThanOrEqual(8);
});

test('a reader that takes long over an event is not taken for a silent server', async () => {
  const url = await streamOf((stream) => {
    stream.write('data: one\n\n');
    setTimeout(() => stream.end('data: two\n\n'), IDLE_MS / 4);
  });
  const { signal } = new AbortController();
  const found: string[] = [];
  for await (const { data } of createClient(url, '', { idleMs: IDLE_MS }).events('/', { signal })) {
    found.push(data);
    await delay(2 * IDLE_MS);
  }
  expect(found).toEqual(['one', 'two']);
});
