import { randomUUID } from 'node:crypto';

import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { CommonConditionStatus } from '../../core/words.js';
import { until } from '../api/until.js';
import { startScriptedProduct, type ScriptedProduct } from './scriptedProduct.js';

/*
 * What people can do in Temporal's Web UI to workflows that are under way, each while a step runs on a machine:
 * docs/temporal.md says what comes of it.
 */

const { Ok, Failed } = CommonConditionStatus;
type Act = 'terminate' | 'cancel' | 'reset';
type Whom = 'cluster' | 'operation' | 'machine';

const GOES_ON: [Act, Whom][] = [
  ['terminate', 'cluster'],
  ['terminate', 'operation'],
  ['reset', 'machine'],
];
const FAILS: [Act, Whom, RegExp][] = [
  ['terminate', 'machine', /^m\d+: Terminated$/],
  ['cancel', 'cluster', /^cancelled by request: .*stopped by request before it began$/],
  ['cancel', 'operation', /^cancelled by request: .*stopped by request before it began$/],
  ['cancel', 'machine', /stopped by request before it began$/],
  ['reset', 'operation', /^Workflow execution already started$/],
  ['reset', 'cluster', /^Workflow execution already started$/],
];

/** Some waits one after the other, of which the one that fails is to be the first to end, with its message. */
const TEST_MS = 300_000;
/** A machine's whole way, on a computer with other work. */
const WAIT_MS = 60_000;
/** Parts of a workflow's id. */
const LENGTH: Readonly<Record<Whom, number>> = { cluster: 3, operation: 5, machine: 6 };

let product: ScriptedProduct;
let client: Client;
/** Of the cluster; each test adds one. */
let machines = 1;

beforeAll(async () => {
  product = await startScriptedProduct(GOES_ON.length + FAILS.length + 1);
  const connection = await Connection.connect({ address: product.temporalAddress });
  client = new Client({ connection });
  await product.apply(machines);
  expect((await product.settled())?.commonStatus.conditionStatus).toBe(Ok);
}, TEST_MS);

afterAll(async () => {
  await client.connection.close();
  await product.stop();
});

async function running(): Promise<string[]> {
  const ids: string[] = [];
  const list = client.workflow.list({ query: "ExecutionStatus = 'Running'" });
  for await (const { workflowId } of list) {
    if (workflowId.startsWith('cluster/')) ids.push(workflowId);
  }
  return ids;
}

async function runningOne(whom: Whom): Promise<WorkflowHandle> {
  const id = await until(
    `the workflow of the ${whom}`,
    async () => (await running()).find((one) => one.split('/').length === LENGTH[whom]),
    WAIT_MS,
  );
  return client.workflow.getHandle(id);
}

async function act(of: Act, handle: WorkflowHandle): Promise<void> {
  if (of === 'terminate') await handle.terminate('by hand');
  if (of === 'cancel') await handle.cancel();
  if (of === 'reset') await resetToItsStart(handle);
}

async function resetToItsStart(handle: WorkflowHandle): Promise<void> {
  const { events } = await handle.fetchHistory();
  const first = events?.find(({ workflowTaskCompletedEventAttributes: of }) => of);
  const { workflowId } = handle;
  const { runId } = await handle.describe();
  await client.workflowService.resetWorkflowExecution({
    ...{ namespace: 'default', workflowExecution: { workflowId, runId }, reason: 'by hand' },
    ...{ workflowTaskFinishEventId: first?.eventId ?? null, requestId: randomUUID() },
  });
}

async function untilCancelReached(machine: WorkflowHandle): Promise<void> {
  const isReached = async (): Promise<boolean | undefined> => {
    const { events = [] } = await machine.fetchHistory();
    return events?.some(({ workflowExecutionCancelRequestedEventAttributes: of }) => of);
  };
  await until('the cancellation has reached the machine', isReached, WAIT_MS);
}

/** One more machine joins, and stays in a step. */
async function inAStep(): Promise<{ step: string; release: () => void }> {
  machines += 1;
  const step = `packages on m${String(machines)}`;
  const release = product.hold(step);
  const begun = product.begun(step);
  await product.apply(machines);
  await begun;
  return { step, release };
}

/** It is well, and the machine that was last to come has joined once. */
async function endsWell(): Promise<void> {
  expect((await product.settled())?.commonStatus.conditionStatus).toBe(Ok);
  expect(product.times(`kubeadm-join on m${String(machines)}`)).toBe(1);
}

test.each(GOES_ON)(
  '%s of the workflow of the %s: it goes on by itself',
  async (of, whom) => {
    const { step, release } = await inAStep();
    const again = product.begun(step);
    await act(of, await runningOne(whom));
    await again;
    release();
    await endsWell();
  },
  TEST_MS,
);

test.each(FAILS)(
  '%s of the workflow of the %s: it fails with its reason, and retry goes on',
  async (of, whom, reason) => {
    const { release } = await inAStep();
    const machine = await runningOne('machine');
    await act(of, await runningOne(whom));
    if (of === 'cancel') await untilCancelReached(machine);
    else await product.settled();
    release();
    expect((await product.settled())?.commonStatus).toMatchObject({
      conditionStatus: Failed,
      reason: expect.stringMatching(reason) as string,
    });
    // What a reset has left behind goes on by itself, to its end.
    await until('nothing runs', async () => (await running()).length === 0, WAIT_MS);
    await product.retry();
    await endsWell();
  },
  TEST_MS,
);
