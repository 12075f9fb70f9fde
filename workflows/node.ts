import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import {
  joiningPaths,
  nodePaths,
  prefetchSteps,
  type Gate,
  type StepDef,
  type StepName,
} from '../core/steps.js';
import { stepsDetails, type StepsMoment } from './details.js';
import { describeFailure, failureOf, isStopped, rootFailure, stoppedAt } from './failures.js';
import type { NodeInput } from './input.js';
import { gateSignal, progressSignal, type GateMessage, type ProgressMessage } from './messages.js';
import { records, steps } from './proxies.js';

/** Steps that other nodes wait for. */
const AWAITED: ReadonlySet<StepName> = new Set(['kubeadm-init', 'kubeadm-join-control-plane']);

/** What a node that is Ready goes on beside. */
const PREPARING: ReadonlySet<StepName> = new Set(prefetchSteps.map(({ name }) => name));

/**
 * The steps of one node in one operation, each as soon as what it needs is done. Fails with the step
 * that failed; what runs beside it on the machine is let finish, nothing new is started.
 */
export async function node(input: NodeInput): Promise<void> {
  const list = stepsOf(input);
  const open = input.open !== undefined && patched('open-gates') ? input.open : [];
  const gates = new Map<Gate, GateMessage>(open.map((gate) => [gate, { gate }]));
  setHandler(gateSignal, (message) => void gates.set(message.gate, message));

  const outcome: { failed?: { error: unknown; step: StepName } } = {};
  const before = input.prefetched === true ? PREPARING : [];
  const begun = new Set<StepName>(before);
  const ended = new Set<StepName>(before);
  const runs = new Map<StepName, Promise<void>>();
  for (const [index, step] of list.entries()) {
    const needs = (step.needs ?? previous(list, index)).flatMap((name) => runs.get(name) ?? []);
    runs.set(
      step.name,
      Promise.all(needs).then(() => runStep(step)),
    );
  }
  await Promise.all(runs.values());
  if (outcome.failed !== undefined) {
    const { step } = outcome.failed;
    const isCancelled = isCancellation(outcome.failed.error);
    const error = isCancelled
      ? stoppedAt({ node: input.hostname, step }, { begun: begun.has(step) })
      : outcome.failed.error;
    tellHowFar({ failed: { step, ...failureOf(error) } });
    await CancellationScope.nonCancellable(async () => {
      await undo();
      if (isCancelled) await undoStopped();
      if (!(isCancelled && isUntouched() && patched('untouched-stays'))) {
        await giveUp(input, step, error);
      }
    });
    throw rootFailure(error);
  }

  /** Stopped before anything was done that its pods or its kubelet could notice: it is what it was. */
  function isUntouched(): boolean {
    return !joiningPaths.has(input.path) && [...begun].every((name) => PREPARING.has(name));
  }

  /** What must not stay half done. Its own failure is in its record and in Temporal's UI: the step's is the node's error. */
  async function undo(): Promise<void> {
    for (const { name, undo: back } of list) {
      if (back !== undefined && begun.has(name)) await takeBack(name, back);
    }
  }

  /** Of steps that were cut off, not of those that had ended. */
  async function undoStopped(): Promise<void> {
    for (const { name, undoWhenStopped = [] } of list) {
      if (!begun.has(name) || ended.has(name)) continue;
      for (const back of undoWhenStopped) if (!(await takeBack(name, back))) break;
    }
  }

  /** Whether it took something back: a step that was done after all is skipped, and so is what would follow. */
  async function takeBack(name: StepName, back: StepName): Promise<boolean> {
    const summary = `${input.hostname}: take back ${name}: ${back}`;
    return steps.runNodeStep
      .executeWithOptions({ summary }, [{ ...input.ref, hostname: input.hostname, step: back }])
      .then(
        ({ outcome: how }) => how === 'done',
        () => false,
      );
  }

  function tellHowFar(more: Omit<StepsMoment, 'begun' | 'ended'> = {}): void {
    setCurrentDetails(stepsDetails(input, { begun, ended, ...more }));
  }

  /** Asked again after an await: another step may have failed meanwhile. */
  function hasFailed(): boolean {
    return outcome.failed !== undefined;
  }

  async function runStep(step: StepDef): Promise<void> {
    if (outcome.failed !== undefined) return;
    try {
      if (step.gate !== undefined) await passGate(step.gate);
      if (hasFailed()) return;
      // What it was at has ended, and nothing of this step is on the machine.
      if (CancellationScope.current().consideredCancelled && patched('begun-only')) {
        throw new CancelledFailure('not begun');
      }
      begun.add(step.name);
      tellHowFar();
      await steps.runNodeStep.executeWithOptions({ summary: `${input.hostname}: ${step.title}` }, [
        { ...input.ref, hostname: input.hostname, step: step.name },
      ]);
      ended.add(step.name);
      tellHowFar();
      if (AWAITED.has(step.name)) {
        await tellParent({ hostname: input.hostname, event: 'done', step: step.name });
      }
    } catch (error) {
      outcome.failed ??= { error, step: step.name };
    }
  }

  async function passGate(gate: Gate): Promise<void> {
    if (!gates.has(gate)) {
      tellHowFar({ waitsFor: gate });
      await tellParent({ hostname: input.hostname, event: 'waiting', gate });
      await condition(() => gates.has(gate));
    }
    const blockedBy = gates.get(gate)?.blockedBy;
    if (blockedBy !== undefined) {
      throw ApplicationFailure.create({
        type: 'Blocked',
        nonRetryable: true,
        message: `not started: ${blockedBy}`,
      });
    }
  }
}

/** A restore that an older plinth has begun goes on without a step for the network. */
function stepsOf({ path, prefetched = false }: NodeInput): readonly StepDef[] {
  const list = nodePaths[path];
  if (prefetched) return list.filter(({ name }) => !PREPARING.has(name));
  if (path !== 'restore-leader' || patched('restore-network')) return list;
  return list.filter(({ name }) => name !== 'cni');
}

function previous(list: readonly StepDef[], index: number): StepName[] {
  const before = list[index - 1];
  return before === undefined ? [] : [before.name];
}

async function tellParent(message: ProgressMessage): Promise<void> {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(progressSignal, message);
}

/** A class that was worth another attempt has run out of them: from here on it is the node's error. */
async function giveUp(input: NodeInput, step: StepName, error: unknown): Promise<void> {
  const root = rootFailure(error);
  if (root instanceof ApplicationFailure && root.type === 'Blocked') return;
  await records.failNode({
    ...input.ref,
    hostname: input.hostname,
    step,
    // Where and at what it was stopped stands beside it.
    message: isStopped(error) ? failureOf(error).message : describeFailure(error),
  });
}
