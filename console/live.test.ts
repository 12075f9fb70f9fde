import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { follow, type LiveEvent } from './live.js';

/* A page that is seen, and a server whose streams stay open until they are given up. */

const SECOND = 1000;
let asked: (string | null)[];
let write: (text: string) => void;
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  const listen = (): void => undefined;
  vi.stubGlobal('document', {
    hidden: false,
    addEventListener: listen,
    removeEventListener: listen,
  });
  vi.stubGlobal('fetch', (_path: string, { headers, signal }: RequestInit) => {
    asked.push(new Headers(headers).get('last-event-id'));
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        write = (text) => stream.enqueue(new TextEncoder().encode(text));
        signal?.addEventListener('abort', () => stream.error(signal.reason));
      },
    });
    return Promise.resolve(new Response(body));
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function followed() {
  const events: LiveEvent[] = [];
  const states: boolean[] = [];
  const stop = follow('/events', {
    onEvent: (event) => events.push(event),
    onState: (open) => states.push(open),
    onRefused: () => undefined,
  });
  return { events, states, stop };
}

test('a stream that says nothing for 45 seconds is opened anew after what was seen', async () => {
  const { events, states, stop } = followed();
  await vi.advanceTimersByTimeAsync(SECOND);
  write('event: page\nid: 7\ndata: {}\n\n');
  await vi.advanceTimersByTimeAsync(44 * SECOND);
  expect([asked, states]).toEqual([[null], [true]]);
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect([asked, states]).toEqual([
    [null, '7'],
    [true, false, true],
  ]);
  expect(events).toHaveLength(1);
  stop();
});

test('signs of life keep it open', async () => {
  const { states, stop } = followed();
  for (let sign = 0; sign < 12; sign += 1) {
    await vi.advanceTimersByTimeAsync(15 * SECOND);
    write(': alive\n\n');
  }
  expect([asked, states]).toEqual([[null], [true]]);
  stop();
  await vi.advanceTimersByTimeAsync(60 * SECOND);
  expect(asked).toHaveLength(1);
});
