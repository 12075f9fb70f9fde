import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import type { StepLogChunk } from '../../../core/records.js';
import { TasksetStatus } from '../../../core/words.js';
import { eventReader } from '../../../test/api/eventReader.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { tasksetRecord } from '../../../test/api/records.js';

let api: TestApi;
let project: string;
let clusterId: string;
let path: string;
let tasksets = 0;
let taskset: string;
const open: AbortController[] = [];
beforeAll(async () => {
  api = await openTestApi({ eventPollMs: 20 });
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  tasksets += 1;
  taskset = `t${String(tasksets).padStart(6, '0')}`;
  path = `${clustersOf(project)}/demo/tasksets/${taskset}/logs/events`;
  await api.apply(project, 'demo');
  clusterId = (await api.deps.store.clusters.get(project, 'demo'))!.id;
  const { sequence: _sequence, createdAt: _createdAt, ...record } = tasksetRecord({ id: taskset });
  await api.deps.store.tasksets.begin({ ...record, clusterId });
});
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

interface Lines {
  node: string;
  step: string;
  offset: number;
  lines: string[];
}

async function write(node: string, offset: number, lines: string[]): Promise<void> {
  await api.deps.store.logs.append({
    ...{
      clusterId,
      tasksetId: taskset,
      operation: 'ClusterCreation',
      step: 'packages',
      attempt: 1,
    },
    ...{ node, offset, lines, at: '2026-11-23T08:00:00.000Z' },
  } satisfies StepLogChunk);
}

async function follow(query = '', headers: Record<string, string> = {}) {
  const abort = new AbortController();
  open.push(abort);
  const answer = await api.app.request(path + query, {
    headers: { 'x-api-key': api.adminKey, ...headers },
    signal: abort.signal,
  });
  expect(answer.status, await (answer.ok ? '' : answer.clone().text())).toBe(200);
  const next = eventReader(answer);
  return async (): Promise<{ event: string; id: string; data: Lines } | undefined> => {
    const event = await next();
    return event && { ...event, data: JSON.parse(event.data) as Lines };
  };
}

const endTaskset = (): Promise<void> =>
  api.deps.store.tasksets.end(taskset, TasksetStatus.Complete, 'done');

test('who follows gets what is there, then what comes, then the end', async () => {
  await write('m1', 4, ['one']);
  const next = await follow();
  expect(await next()).toMatchObject({
    ...{ event: 'lines', id: expect.stringMatching(/^\d+$/) as string },
    data: {
      ...{ operation: 'ClusterCreation', node: 'm1', step: 'packages', attempt: 1 },
      offset: 4,
      lines: ['one'],
    },
  });
  await write('m1', 8, ['two']);
  expect((await next())?.data.lines).toEqual(['two']);
  await write('m2', 6, ['three']);
  await endTaskset();
  expect((await next())?.data).toMatchObject({ node: 'm2', lines: ['three'] });
  expect(await next()).toMatchObject({ event: 'end', data: { taskset } });
  expect(await next()).toBeUndefined();
});

test('whoever comes back goes on where it was, and may tell by the offset what it has', async () => {
  await write('m1', 4, ['one']);
  const first = (await (await follow())())!;
  // Longer ago than what is read again for writes that were seen late.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await write('m1', 8, ['two']);
  const second = (await (await follow('', { 'last-event-id': first.id }))())!;
  expect(second.data.lines).toEqual(['one']);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await write('m1', 14, ['three']);
  const later = (await (
    await follow('', { 'last-event-id': String(Number(first.id) + 1_001) })
  )())!;
  expect(later.data).toMatchObject({ offset: 8, lines: ['two'] });
});

test('what others write does not bring back what a reader has had', async () => {
  await write('m2', 4, ['one']);
  const first = (await (await follow('?node=m2'))())!;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const cursor = String(Number(first.id) + 1_001);
  const next = await follow('?node=m2', { 'last-event-id': cursor });
  for (let offset = 1; offset <= 4; offset += 1) {
    await write('m1', offset, ['other']);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await write('m2', 8, ['two']);
  expect((await next())?.data.lines).toEqual(['two']);
});

test('several pages of chunks come once each, in order', async () => {
  for (let n = 1; n <= 500; n += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => write(`m${String(i)}`, n, [String(n)])));
  }
  await endTaskset();
  const next = await follow();
  const seen = new Map<string, number[]>();
  for (;;) {
    const event = await next();
    if (event?.event !== 'lines') break;
    seen.set(event.data.node, [...(seen.get(event.data.node) ?? []), event.data.offset]);
  }
  expect(seen.size).toBe(50);
  const wanted = Array.from({ length: 10 }, (_, i) => 1 + 50 * i);
  for (const offsets of seen.values()) expect(offsets).toEqual(wanted);
});

test('one node may be followed alone', async () => {
  await write('m1', 4, ['one']);
  await write('m2', 4, ['two']);
  await endTaskset();
  const next = await follow('?node=m2');
  expect((await next())?.data.node).toBe('m2');
  expect((await next())?.event).toBe('end');
});

test('only lines that hold `q` are told, those that come as well', async () => {
  await write('m1', 8, ['pulled a', 'Error: b']);
  const next = await follow('?q=error');
  expect((await next())?.data).toMatchObject({ offset: 8, lines: ['Error: b'] });
  await write('m1', 12, ['fine']);
  await write('m2', 9, ['an error']);
  expect((await next())?.data).toMatchObject({ node: 'm2', lines: ['an error'] });
  await endTaskset();
  expect((await next())?.event).toBe('end');
});

test('it is for viewers of the project; an unknown taskset is 404', async () => {
  const foreign = await api.key('viewer', await api.project());
  expect((await api.call('GET', path, { key: foreign })).status).toBe(403);
  const unknown = path.replace(taskset, 'none');
  expect((await api.call('GET', unknown)).status).toBe(404);
});
