import { createServer, type Server, type ServerResponse } from 'node:http';

import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { freePort } from '../embedded/freePort.js';
import { startTracing } from './startTracing.js';
import type { Tracing } from './tracing.js';

/*
 * One tracing for the whole file: it registers itself for its process. The tests follow one another, as the nights of a
 * collector do.
 */

const lines: { msg: string; trace_id?: string }[] = [];
const log = pino(
  { mixin: () => tracing.logFields() },
  { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) },
);
let port: number;
let tracing: Tracing;
let server: Server | undefined;

beforeAll(async () => {
  port = await freePort('127.0.0.1');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${String(port)}`);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '2500');
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '8');
  vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '4');
  tracing = await startTracing({ service: 'test', version: '1', log });
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});
afterAll(() => vi.unstubAllEnvs());

/** What it was sent so far, one text for each request; `answer` ends them. */
async function collect(
  answer: (response: ServerResponse) => void = (response) => response.end(),
): Promise<string[]> {
  const bodies: string[] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.concat(parts).toString('latin1'));
      answer(response);
    });
  });
  await new Promise<void>((done) => server!.listen(port, '127.0.0.1', done));
  return bodies;
}

const span = (name: string): Promise<void> =>
  tracing.span({ name, kind: 'internal' }, async () => undefined);
const said = (): string[] => lines.map(({ msg }) => msg);

test('a collector that is away, or refuses, is told of once, and nothing waits for it', async () => {
  const started = performance.now();
  for (let index = 0; index < 1_000; index += 1) await span('lost');
  expect(performance.now() - started).toBeLessThan(2_000);
  await vi.waitFor(() => expect(said().join()).toContain('does not take traces'), 10_000);
  const bodies = await collect((response) => response.writeHead(400).end());
  await vi.waitFor(async () => {
    for (let index = 0; index < 20; index += 1) await span('refused');
    expect(bodies.length).toBeGreaterThan(5);
  }, 10_000);
  expect(said().filter((text) => text.includes('does not take traces'))).toHaveLength(1);
  // And that the queue was full, once; neither belongs to a span.
  expect(lines.length).toBeLessThanOrEqual(2);
  expect(lines.flatMap(({ trace_id: id }) => id ?? [])).toEqual([]);
}, 30_000);

test('and of once more when it takes them again', async () => {
  const bodies = await collect();
  await vi.waitFor(async () => {
    await span('found');
    expect(bodies.join('')).toContain('found');
    expect(said().filter((text) => text.includes('takes traces again'))).toHaveLength(1);
  }, 10_000);
}, 30_000);

test('log lines in a span name it, and those outside of it do not', async () => {
  expect(tracing.logFields()).toEqual({});
  await tracing.span({ name: 'outer', kind: 'server' }, async ({ context }) => {
    await Promise.resolve();
    expect(tracing.logFields()).toEqual({ trace_id: context.traceId, span_id: context.spanId });
    expect(tracing.current()).toEqual(context);
    await tracing.span({ name: 'inner', kind: 'internal' }, async (inner) => {
      expect(inner.context.traceId).toBe(context.traceId);
    });
    await tracing.span({ name: 'other', kind: 'internal', parent: 'none' }, async (other) => {
      expect(other.context.traceId).not.toBe(context.traceId);
    });
  });
  expect(tracing.logFields()).toEqual({});
});

test('what a caller does not have sampled is not sent, nor what follows from it', async () => {
  const bodies = await collect();
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false };
  await tracing.span({ name: 'left out', kind: 'server', parent }, async ({ context }) => {
    expect(context).toMatchObject({ traceId: parent.traceId, sampled: false });
    const own = { ...context, spanId: 'c'.repeat(16) };
    tracing.record({
      ...{ name: 'left out, too', context: own, parent: context, start: 1, end: 2 },
      attributes: {},
    });
  });
  await span('sent');
  await vi.waitFor(() => expect(bodies.join('')).toContain('sent'), 10_000);
  expect(bodies.join('')).not.toContain('left out');
});

test('an error that is thrown is sent as its class, without its words', async () => {
  const bodies = await collect();
  const failing = tracing.span({ name: 'failing', kind: 'internal' }, async () => {
    throw new RangeError('the password is planted');
  });
  await expect(failing).rejects.toThrow('planted');
  await vi.waitFor(() => expect(bodies.join('')).toContain('RangeError'), 10_000);
  expect(bodies.join('')).not.toContain('planted');
});

test('the end sends what is left, and does not wait for a collector that says nothing', async () => {
  let silent = false;
  const bodies = await collect((response) => {
    if (!silent) response.end();
  });
  await span('an earlier one');
  await vi.waitFor(() => expect(bodies.join('')).toContain('an earlier one'), 10_000);
  silent = true;
  await span('the last one');
  const started = performance.now();
  await tracing.stop();
  expect(performance.now() - started).toBeLessThan(6_000);
  expect(bodies.join('')).toContain('the last one');
}, 20_000);
