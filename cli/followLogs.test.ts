import { expect, test, vi } from 'vitest';

import { CliError, type EventsOptions, type ServerEvent, type StreamingClient } from './client.js';
import { ExitCode } from './exitCodes.js';
import { followLogs } from './followLogs.js';

const lines = (id: string, offset: number, text: string, set: object = {}): ServerEvent => ({
  ...{ event: 'lines', id },
  data: JSON.stringify({
    ...{ operation: 'ClusterCreation', node: 'm1', step: 'images', attempt: 1 },
    ...{ offset, lines: [text], ...set },
  }),
});
const END: ServerEvent = { event: 'end', data: '{}' };

/** Streams that follow one another; an error cuts one off. */
async function follow(...streams: (ServerEvent | CliError)[][]) {
  const asked: (string | undefined)[] = [];
  const said: string[] = [];
  const client = {
    async *events(_path: string, { lastId }: { lastId?: string }) {
      asked.push(lastId);
      for (const event of streams.shift() ?? []) {
        if (event instanceof CliError) throw event;
        yield event;
      }
    },
  } as unknown as StreamingClient;
  const { signal } = new AbortController();
  const out = (line: string): void => void said.push(line);
  await followLogs({ client, path: '/tasksets/t', filter: {}, out, signal });
  return { asked, said };
}

test('each line is told with its node and step, until the taskset has ended', async () => {
  const { said } = await follow([
    ...[lines('1', 3, 'one'), lines('2', 3, 'two', { node: 'm2' })],
    ...[lines('3', 3, 'again', { attempt: 2 }), END, lines('4', 9, 'never')],
  ]);
  expect(said).toEqual(['m1 images | one', 'm2 images | two', 'm1 images (attempt 2) | again']);
});

test('what a node does for others is told for each of them', async () => {
  const { said } = await follow([
    ...[lines('1', 3, 'one', { subject: 'm4' }), lines('2', 3, 'two', { subject: 'm5' }), END],
  ]);
  expect(said).toEqual(['m1 images for m4 | one', 'm1 images for m5 | two']);
});

test('after a cut it goes on where it was, and tells nothing twice', async () => {
  const cut = new CliError('cannot be reached', ExitCode.Unavailable);
  const { said, asked } = await follow(
    [lines('1', 3, 'one'), lines('2', 6, 'two'), cut],
    [lines('2', 6, 'two'), lines('5', 9, 'three'), END],
  );
  expect(said).toEqual(['m1 images | one', 'm1 images | two', 'm1 images | three']);
  expect(asked).toEqual([undefined, '2']);
});

test('a stream that gave signs of life is come back to, however long it had nothing to tell', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const said: string[] = [];
  let streams = 0;
  const client = {
    async *events(_path: string, { onHeard }: EventsOptions) {
      streams += 1;
      if (streams === 1) {
        vi.advanceTimersByTime(10 * 60_000);
        onHeard?.();
        throw new CliError('cannot be reached', ExitCode.Unavailable);
      }
      yield* [lines('1', 3, 'one'), END];
    },
  } as unknown as StreamingClient;
  const { signal } = new AbortController();
  const out = (line: string): void => void said.push(line);
  try {
    await followLogs({ client, path: '/tasksets/t', filter: {}, out, signal });
  } finally {
    vi.useRealTimers();
  }
  expect(said).toEqual(['m1 images | one']);
});

test('a key that is refused ends it at once', async () => {
  const refused = new CliError('no', ExitCode.Denied, [], 401);
  await expect(follow([refused])).rejects.toBe(refused);
});
