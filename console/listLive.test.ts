import { afterEach, expect, test, vi } from 'vitest';

import type { ConsoleList, ConsoleListChange, ConsoleRow } from '../core/consoleModel.js';
import { followList, leaveList, withChange } from './listLive.js';
import { app } from './state.js';

const row = (id: string, version = 'v1.35.0'): ConsoleRow => ({
  ...{ id, project: 'p', name: id, state: 'ready', version, blueprint: 'default', labels: {} },
  nodes: { ready: 1, total: 1 },
});
const list = (...items: ConsoleRow[]): ConsoleList => ({
  ...{ projects: ['p'], items, count: items.length },
});
const change = (of: Partial<ConsoleListChange>): ConsoleListChange => ({
  ...{ now: '2026-11-27T08:00:00Z', order: [], items: [], ...of },
});

afterEach(() => {
  leaveList();
  delete app.list;
  vi.unstubAllGlobals();
});

test.each<[string, ConsoleList | undefined, Partial<ConsoleListChange>, ConsoleList]>([
  [
    'the first event is all of it',
    undefined,
    { order: ['a'], items: [row('a')], about: { projects: ['p'], count: 1 } },
    list(row('a')),
  ],
  [
    'rows that are not sent stay, in the order that is',
    list(row('a'), row('b')),
    { order: ['b', 'a'], items: [row('a', 'v1.36.0')] },
    { ...list(row('b'), row('a', 'v1.36.0')) },
  ],
  [
    'rows that are in no order any more are gone, and so is what is not said of it any more',
    { ...list(row('a'), row('b')), continue: 'more' },
    { order: ['b'], about: { projects: ['p'] } },
    { projects: ['p'], items: [row('b')] },
  ],
])('%s', (_, before, of, after) => {
  expect(withChange(before, change(of))).toEqual(after);
});

test('an answer that comes when the stream is open again shows nothing old', async () => {
  const hidden = { hidden: false, addEventListener: vi.fn(), removeEventListener: vi.fn() };
  vi.stubGlobal('document', hidden);
  vi.useFakeTimers();
  let answerOld: () => void = () => undefined;
  let streams = 0;
  const tell = (of: ConsoleListChange): Response => {
    const text = `event: list\nid: 1\ndata: ${JSON.stringify(of)}\n\n`;
    const start = (stream: ReadableStreamDefaultController): void =>
      stream.enqueue(new TextEncoder().encode(text));
    return new Response(new ReadableStream({ start }));
  };
  vi.stubGlobal('fetch', (path: string) => {
    if (path.includes('/events')) {
      streams += 1;
      if (streams === 1) return Promise.reject(new Error('cut'));
      const about = { projects: ['p'], count: 1 };
      return Promise.resolve(tell(change({ order: ['new'], items: [row('new')], about })));
    }
    return new Promise((resolve) => {
      answerOld = () => resolve(Response.json(list(row('old'))));
    });
  });
  followList(new URLSearchParams());
  await vi.advanceTimersByTimeAsync(1000);
  expect([streams, app.list]).toEqual([2, list(row('new'))]);
  answerOld();
  await vi.advanceTimersByTimeAsync(0);
  expect(app.list).toEqual(list(row('new')));
  vi.useRealTimers();
});
