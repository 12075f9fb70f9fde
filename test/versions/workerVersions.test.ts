import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import type { OperationPlan } from '../../core/plan.js';
import { compileRooms } from '../../embedded/compile.js';
import { startTemporal, type EmbeddedTemporal } from '../../embedded/temporal.js';
import type { WorkflowsBundle } from '../../worker/bundle.js';
import {
  DEPLOYMENT,
  openDeployment,
  UNVERSIONED,
  type Deployment,
} from '../../worker/deployment.js';
import { keepCurrent } from '../../worker/keepCurrent.js';
import { versioned } from '../../worker/worker.js';
import { quietRuntime } from '../workflows/environment.js';
import { fakeWorld, type FakeWorld } from '../workflows/fakeActivities.js';
import { historiesUnder } from '../workflows/histories.js';
import { compileNewerRooms } from './newerRooms.js';
import { toldBy } from './told.js';

/*
 * One Temporal, and what people do to it in this order: workers without versions, today's beside them, newer ones in
 * the middle of a provision, back to today's, back to those without versions. The newer workflows are other code.
 */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const QUEUE = 'plinth';
const TODAY = 'today';
const NEWER = 'newer';

const creation: OperationPlan = {
  ...{ name: 'ClusterCreation', reason: 'the cluster does not exist yet', leave: [] },
  nodes: [{ hostname: 'm1', path: 'leader' }],
  clusterSteps: ['check-in'],
};

let folder: string;
let temporal: EmbeddedTemporal;
let connection: Connection;
let client: Client;
let deployment: Deployment;
let today: WorkflowsBundle;
let newer: WorkflowsBundle;
let elsewhere: WorkflowsBundle;
const running = new Set<RunningWorker>();
/** What all workers do, whatever their version. */
let world: FakeWorld;

beforeAll(async () => {
  quietRuntime();
  folder = await mkdtemp(join(tmpdir(), 'plinth-versions-'));
  temporal = await startTemporal({ dataDir: join(folder, 'temporal'), host: '127.0.0.1' });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
  deployment = openDeployment(connection, { namespace: 'default', taskQueue: QUEUE });
  const [rooms, otherRooms, newerRooms] = ['today', 'elsewhere', 'newer'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await Promise.all([compileRooms(rooms), compileRooms(otherRooms), compileNewerRooms(newerRooms)]);
  for (const made of [rooms, otherRooms])
    await symlink(resolve('node_modules'), join(made, 'node_modules'));
  today = await bundleOf(rooms);
  elsewhere = await bundleOf(otherRooms);
  newer = await bundleOf(newerRooms);
});

/** As a worker's main does it, from the rooms of a release. */
async function bundleOf(rooms: string): Promise<WorkflowsBundle> {
  const args = ['worker/bundle.js', join(folder, 'workflows')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: rooms });
  return JSON.parse(stdout) as WorkflowsBundle;
}

afterEach(async () => {
  await Promise.all([...running].map((worker) => worker.stop()));
});

afterAll(async () => {
  await connection.close();
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
});

const nothing = (): void => undefined;
const log = { info: nothing, warn: nothing, error: nothing };

interface RunningWorker {
  stop(): Promise<void>;
  /** At each of its looks, whether work comes to its version. */
  looks: boolean[];
}

/** A worker as the product has it but for its activities; without a build id: one of a release before versions. */
async function startWorker(buildId?: string): Promise<RunningWorker> {
  const native = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection: native,
    ...{ taskQueue: QUEUE, identity: buildId ?? UNVERSIONED, activities: world.activities },
    workflowBundle: { codePath: (buildId === NEWER ? newer : today).path },
    ...(buildId === undefined ? {} : versioned(buildId)),
    shutdownGraceTime: '100 ms',
    maxHeartbeatThrottleInterval: '100 ms',
    defaultHeartbeatThrottleInterval: '100 ms',
  });
  const run = worker.run();
  const looks: boolean[] = [];
  const observe = (isCurrent: boolean): void => void looks.push(isCurrent);
  const kept = buildId && keepCurrent(deployment, { buildId, log, observe, lookMs: 200 });
  const started: RunningWorker = {
    looks,
    stop: async () => {
      running.delete(started);
      if (kept) kept.stop();
      worker.shutdown();
      await run;
      await native.close();
    },
  };
  running.add(started);
  return started;
}

/** temporal.api.enums.v1.RoutingConfigUpdateState: decided, and not yet known to every partition of the queue. */
const ON_ITS_WAY = 1;

/** Temporal has decided it, and sends everything there by now. */
const untilCurrent = async (buildId: string): Promise<void> =>
  vi.waitFor(
    async () => {
      const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
        ...{ namespace: 'default', deploymentName: DEPLOYMENT },
      });
      const { routingConfig, routingConfigUpdateState } = workerDeploymentInfo ?? {};
      const current = routingConfig?.currentDeploymentVersion?.buildId ?? UNVERSIONED;
      expect(current).toBe(buildId);
      expect(routingConfigUpdateState).not.toBe(ON_ITS_WAY);
    },
    { timeout: 30_000, interval: 50 },
  );

/** What a person does, once workers of it poll. */
const choose = async (buildId: string): Promise<void> => {
  await vi.waitFor(() => deployment.setCurrent(buildId), { timeout: 30_000, interval: 100 });
  await untilCurrent(buildId);
};

/** A step that its machine is not done with until it is let: whoever follows it. */
class HeldStep {
  #release: () => void = () => undefined;
  readonly #done = new Promise<void>((resolve) => (this.#release = resolve));
  followers = 0;

  constructor(readonly name: string) {}

  release(): void {
    this.#release();
  }

  /** As the product's own does: a worker that ends lets go of it, and another attempt follows it. */
  async follow(): Promise<void> {
    this.followers += 1;
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 50);
    const letGo = context.cancelled.catch(() => {
      throw ApplicationFailure.retryable('the worker ends', 'ConnectionLost');
    });
    try {
      await Promise.race([this.#done, letGo]);
    } finally {
      clearInterval(beat);
    }
  }
}

function worldWith(held: HeldStep, operations = [creation]): FakeWorld {
  return fakeWorld({
    operations,
    onStep: (name) => (name === held.name ? held.follow() : undefined),
  });
}

const provision = (): Promise<WorkflowHandle> =>
  client.workflow.start('cluster', {
    ...{ taskQueue: QUEUE, workflowId: `cluster/p/${randomUUID()}` },
    args: [{ project: 'p', name: 'c' }],
  });

const untilFollowed = async (held: HeldStep, times = 1): Promise<void> =>
  vi.waitFor(() => expect(held.followers).toBe(times), { timeout: 30_000, interval: 20 });

test('a build is named after its code, wherever it lies', () => {
  expect(today.hash).toMatch(/^[0-9a-f]{16}$/);
  expect(elsewhere).toEqual(today);
  expect(newer.hash).not.toBe(today.hash);
});

test('what workers without versions have begun goes on in the first version, and not with them', async () => {
  const held = new HeldStep('m1 kubeadm-init');
  world = worldWith(held);
  await startWorker();
  const handle = await provision();
  await untilFollowed(held);
  await startWorker(TODAY);
  await untilCurrent(TODAY);
  held.release();
  await handle.result();
  const told = await toldBy(client, handle.workflowId);
  expect(told).toEqual({ byVersion: [UNVERSIONED, TODAY], failures: [], timers: 0 });
  expect(world.ended).toMatchObject([{ failed: false }]);
  expect(held.followers).toBe(1);
});

test('a newer version takes over in the middle of a provision; an older worker that lives on gets none of it', async () => {
  const held = new HeldStep('m1 kubeadm-init');
  world = worldWith(held);
  const old = await startWorker(TODAY);
  await untilCurrent(TODAY);
  const handle = await provision();
  await untilFollowed(held);
  await startWorker(NEWER);
  await untilCurrent(NEWER);
  held.release();
  await handle.result();
  const told = await toldBy(client, handle.workflowId);
  expect(told).toMatchObject({ byVersion: [TODAY, NEWER], failures: [] });
  // The steps after it are those of the newer code.
  expect(told.timers).toBeGreaterThan(0);
  expect(world.ended).toMatchObject([{ failed: false }]);
  expect(held.followers).toBe(1);

  // Started again, as after a crash in the middle of the roll-out.
  await old.stop();
  const again = await startWorker(TODAY);
  await vi.waitFor(() => expect(again.looks.length).toBeGreaterThan(3), { timeout: 30_000 });
  expect(again.looks).not.toContain(true);
  expect((await deployment.read())?.current).toBe(NEWER);
});

test('a worker that ends lets go of a step, which a worker of the newer version follows to its end', async () => {
  const held = new HeldStep('m1 kubeadm-init');
  world = worldWith(held);
  const old = await startWorker(TODAY);
  await choose(TODAY);
  const handle = await provision();
  await untilFollowed(held);
  await startWorker(NEWER);
  await choose(NEWER);
  await old.stop();
  await untilFollowed(held, 2);
  held.release();
  await handle.result();
  expect(await toldBy(client, handle.workflowId)).toMatchObject({
    byVersion: [TODAY, NEWER],
    failures: [],
  });
  expect(world.ended).toMatchObject([{ failed: false }]);
});

test('going back: what the newer version has begun goes on in the older one', async () => {
  const held = new HeldStep('m1 claim');
  world = worldWith(held);
  const newest = await startWorker(NEWER);
  await untilCurrent(NEWER);
  const handle = await provision();
  await untilFollowed(held);
  await startWorker(TODAY);
  await choose(TODAY);
  await newest.stop();
  await untilFollowed(held, 2);
  held.release();
  await handle.result();
  const told = await toldBy(client, handle.workflowId);
  expect(told).toEqual({ byVersion: [NEWER, TODAY], failures: [], timers: 0 });
  expect(world.ended).toMatchObject([{ failed: false }]);
});

test('going back: an operation that newer code has taken where the older knows no way is begun anew once it is terminated', async () => {
  const held = new HeldStep('m1 kubeadm-init');
  world = worldWith(held);
  const newest = await startWorker(NEWER);
  await choose(NEWER);
  const handle = await provision();
  await untilFollowed(held);
  await startWorker(TODAY);
  await choose(TODAY);
  await newest.stop();
  await vi.waitFor(
    async () => expect((await toldBy(client, handle.workflowId)).failures).not.toEqual([]),
    {
      timeout: 30_000,
    },
  );
  const { failures } = await toldBy(client, handle.workflowId);
  expect(failures[0]).toMatch(/^today: .*[Nn]ondeterminism/);
  expect(world.ended).toEqual([]);

  const operation = [...(await historiesUnder(client, handle.workflowId)).keys()].find((id) =>
    id.endsWith('-ClusterCreation'),
  );
  await client.workflow.getHandle(operation ?? '').terminate('by hand');
  held.release();
  await handle.result();
  expect(world.ended).toMatchObject([{ failed: false }]);
});

test('going back to workers without versions: told so, Temporal sends them everything', async () => {
  const held = new HeldStep('m1 claim');
  world = worldWith(held);
  const old = await startWorker(TODAY);
  await choose(TODAY);
  const handle = await provision();
  await untilFollowed(held);
  await old.stop();
  await choose(UNVERSIONED);
  await startWorker();
  await untilFollowed(held, 2);
  held.release();
  await handle.result();
  expect(await toldBy(client, handle.workflowId)).toMatchObject({
    byVersion: [TODAY, UNVERSIONED],
    failures: [],
  });
  expect(world.ended).toMatchObject([{ failed: false }]);
});
