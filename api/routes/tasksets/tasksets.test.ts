import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { StepLogChunk } from '../../../core/records.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import { tasksetRecord } from '../../../test/api/records.js';

let api: TestApi;
let project: string;
let clusterId: string;
let tasksetId: string;
let path: string;
let tasksets = 0;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo/tasksets`;
  await api.apply(project, 'demo');
  clusterId = (await api.deps.store.clusters.get(project, 'demo'))!.id;
  tasksetId = await begin();
});

async function begin(): Promise<string> {
  tasksets += 1;
  const id = `t${String(tasksets).padStart(6, '0')}`;
  const { sequence: _sequence, createdAt: _createdAt, ...taskset } = tasksetRecord({ id });
  await api.deps.store.tasksets.begin({ ...taskset, clusterId });
  return id;
}

async function write(chunk: Partial<StepLogChunk> & Pick<StepLogChunk, 'node' | 'lines'>) {
  await api.deps.store.logs.append({
    ...{ clusterId, tasksetId, operation: 'ClusterCreation', step: 'packages', attempt: 1 },
    ...{ offset: chunk.lines.join('\n').length, at: '2026-11-23T08:00:00.000Z' },
    ...chunk,
  });
}

describe('list', () => {
  test('answers the newest first, as many as asked for', async () => {
    const newer = await begin();
    const all = (await (await api.call('GET', path)).json()) as { items: { id: string }[] };
    expect(all.items.map((item) => item.id)).toEqual([newer, tasksetId]);
    const one = (await (await api.call('GET', `${path}?limit=1`)).json()) as { items: object[] };
    expect(one.items).toHaveLength(1);
    expect(one.items[0]).toMatchObject({
      sequence: 2,
      operations: [
        { name: 'ClusterCreation', nodes: ['m1', 'm2', 'm3'] },
        { name: 'BlueprintSync' },
      ],
    });
  });

  test('refuses a limit over 100', async () => {
    expect((await api.call('GET', `${path}?limit=101`)).status).toBe(400);
  });
});

describe('one taskset', () => {
  test('shows operations, their nodes, and the steps of each', async () => {
    const { store } = api.deps;
    const { desired } = (await store.clusters.get(project, 'demo'))!;
    const spec = desired.spec.config.nodes[0]!;
    await store.nodes.upsert(clusterId, 'm1', { spec, status: 'PROVISIONING' });
    await store.nodes.setStep(clusterId, 'm1', 'claim', {
      ...{ state: 'done', tasksetId, operation: 'ClusterCreation', attempt: 1 },
      ...{ startedAt: 1_000, endedAt: 2_000 },
    });
    const answer = await api.call('GET', `${path}/${tasksetId}`);
    const { operations } = (await answer.json()) as {
      operations: { nodes: { hostname: string; steps: { name: string; state: string }[] }[] }[];
    };
    const [m1] = operations[0]!.nodes;
    expect(m1?.hostname).toBe('m1');
    expect(m1?.steps[0]).toMatchObject({
      ...{ name: 'claim', state: 'done', startedAt: '1970-01-01T00:00:01.000Z' },
    });
    expect(m1?.steps.at(-1)).toMatchObject({ name: 'node-ready', state: 'pending' });
    expect(operations[1]?.nodes).toEqual([]);
  });

  test('that is not there, or is of another cluster, is 404', async () => {
    await api.apply(project, 'other');
    expect((await api.call('GET', `${path}/none`)).status).toBe(404);
    const foreign = `${clustersOf(project)}/other/tasksets/${tasksetId}`;
    expect((await api.call('GET', foreign)).status).toBe(404);
  });

  test.each(['', '/logs'])('GET …/tasksets/{id}%s is for viewers of the project', async (rest) => {
    const foreign = await api.key('viewer', await api.project());
    const own = await api.key('viewer', project);
    const url = `${path}/${tasksetId}${rest}`;
    expect((await api.call('GET', url, { key: own })).status).toBe(200);
    expect((await api.call('GET', url, { key: foreign })).status).toBe(403);
  });
});

describe('logs', () => {
  test('are text, with a line above each run that names it', async () => {
    await write({ node: 'm1', lines: ['one', 'two'] });
    await write({ node: 'm2', lines: ['three'], at: '2026-11-23T08:00:01.000Z' });
    const answer = await api.call('GET', `${path}/${tasksetId}/logs`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toBe(
      '==> ClusterCreation: node m1, step packages, attempt 1\none\ntwo\n' +
        '==> ClusterCreation: node m2, step packages, attempt 1\nthree\n',
    );
  });

  test('of one run are its output and nothing else', async () => {
    await write({ node: 'm1', lines: ['one'] });
    await write({ node: 'm2', lines: ['two'] });
    await write({ node: 'm2', step: 'images', lines: ['three'] });
    const answer = await api.call('GET', `${path}/${tasksetId}/logs?node=m2&step=packages`);
    expect(await answer.text()).toBe('two\n');
  });

  test('are only of the attempt, and only the lines, that are asked for', async () => {
    await write({ node: 'm1', lines: ['fine', 'An ERROR: one'] });
    await write({ node: 'm1', lines: ['error: two'], attempt: 2, at: '2026-11-23T08:00:01.000Z' });
    const get = async (query: string): Promise<string> =>
      (await api.call('GET', `${path}/${tasksetId}/logs?${query}`)).text();
    expect(await get('attempt=2')).toBe('error: two\n');
    expect(await get('q=error&attempt=1')).toBe('An ERROR: one\n');
    expect(await get('q=Error')).toContain('attempt 2\nerror: two\n');
    expect(await get('q=nothing')).toBe('');
    expect((await api.call('GET', `${path}/${tasksetId}/logs?attempt=0`)).status).toBe(400);
  });

  test('refuse a step that does not exist', async () => {
    expect((await api.call('GET', `${path}/${tasksetId}/logs?step=nope`)).status).toBe(400);
  });
});
