import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { fakeWorkflows, type FakeWorkflows } from '../test/api/fakeWorkflows.js';
import { until } from '../test/api/until.js';
import { desired } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { startReconciler, type Reconciler } from './reconciler.js';

let database: TestDatabase;
let workflows: FakeWorkflows;
let running: Reconciler | undefined;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(() => {
  workflows = fakeWorkflows();
  workflows.onNotify = async (project, name) => {
    workflows.running.add(`${project}/${name}`);
  };
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const start = (trustRunningMs = 0): void => {
  running = startReconciler({
    ...{ store: database.store, workflows, log: pino({ level: 'silent' }) },
    ...{ everyMs: 10, trustRunningMs },
  });
};

let names = 0;
async function apply(): Promise<string> {
  names += 1;
  const name = `cluster-${names}`;
  const project = 'defaultproject';
  const set = { project, name, desired: desired(name), secretsHash: '' };
  await database.store.clusters.apply(set);
  return `${project}/${name}`;
}

async function observe(cluster: string): Promise<void> {
  const [project = '', name = ''] = cluster.split('/');
  const { id, generation, retries, deleting } = (await database.store.clusters.get(project, name))!;
  await database.store.clusters.setObserved(id, { generation, retries, deleting });
}

const times = (cluster: string): number =>
  workflows.notified.filter((name) => name === cluster).length;

describe('the reconciler', () => {
  test('begins the rollouts that were recorded while Temporal was away, once each', async () => {
    const record = { project: 'defaultproject', name: 'web' };
    for (const id of ['one', 'two']) {
      const content = { id, size: 1, chunks: 1 };
      await database.store.blueprints.put({
        record,
        version: { base: 'minimal', addons: [{ name: 'a', type: 'Manifest', content }] },
      });
    }
    start();
    await until('the rollout is begun', () => workflows.rolledOut.length > 0);
    workflows.running.add('blueprint defaultproject/web');
    const { asked, rolledOut } = workflows;
    const begun = rolledOut.length;
    await until('two more rounds', () => workflows.asked >= asked + 3);
    expect(rolledOut.length).toBeLessThanOrEqual(begun + 1);
    await database.store.blueprints.remove('defaultproject', 'web');
  });

  test('delivers what was recorded while Temporal was away, once it is back', async () => {
    const cluster = await apply();
    workflows.away = true;
    start();
    await until('two rounds against nothing', () => workflows.asked >= 2);
    expect(workflows.notified).toEqual([]);
    workflows.away = false;
    await until('the delivery', () => times(cluster) === 1);
  });

  test('starts a workflow again that was terminated before its work was done', async () => {
    const cluster = await apply();
    start();
    await until('its start', () => times(cluster) === 1);
    workflows.running.delete(cluster);
    await until('its second start', () => times(cluster) === 2);
  });

  test('leaves a running workflow alone: each signal would lengthen its history', async () => {
    const cluster = await apply();
    workflows.running.add(cluster);
    start();
    const other = await apply();
    await until('another delivery', () => times(other) === 1);
    const later = await apply();
    await until('one more round', () => times(later) === 1);
    expect(times(cluster)).toBe(0);
  });

  test('leaves alone what was acted upon', async () => {
    const cluster = await apply();
    await observe(cluster);
    start();
    const other = await apply();
    await until('another delivery', () => times(other) === 1);
    expect(times(cluster)).toBe(0);
  });

  test('does nothing any more once it has stopped', async () => {
    start();
    await running!.stop();
    const stopped = workflows;
    const cluster = await apply();
    workflows = fakeWorkflows();
    start();
    await until('several rounds of another one', () => times(cluster) >= 3);
    expect(stopped.notified).not.toContain(cluster);
  });
});
