import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';

import type { NodeTask } from '../core/plan.js';
import type { Gate } from '../core/steps.js';
import { describeFailure, failureType } from './failures.js';
import type { OperationInput } from './input.js';
import { gateSignal, progressSignal, type GateMessage } from './messages.js';
import { node } from './node.js';

/** Nodes of one operation at work at once: each is a child with its own history. */
const WINDOW = 50;

export interface NodeFailure {
  hostname: string;
  /** In words. */
  text: string;
  /** It never started because of another node. */
  blocked: boolean;
}

export interface ConductorHooks {
  /** The first control plane answers. */
  onControlPlaneUp?(): Promise<void>;
}

/**
 * Starts a child per node, opens the gates between them, and waits for all of them: one failed node is
 * one node's failure. Control planes pass their gate one at a time, in the order in which they arrive.
 */
export async function runNodes(
  input: OperationInput,
  tasks: readonly NodeTask[],
  hooks: ConductorHooks = {},
): Promise<NodeFailure[]> {
  const leader = tasks.find((task) => task.path === 'leader')?.hostname;
  const running = new Map<string, ChildWorkflowHandle<typeof node>>();
  const failures: NodeFailure[] = [];
  const turns: string[] = [];
  const joined = new Set<string>();
  const waiting = new Map<string, Gate>();
  let controlPlaneUp = leader === undefined;
  let blockedBy: string | undefined;
  let ended = 0;

  setHandler(progressSignal, (message) => {
    if (message.event === 'waiting') {
      waiting.set(message.hostname, message.gate);
      if (message.gate === 'join-turn') turns.push(message.hostname);
      return;
    }
    joined.add(message.hostname);
    if (message.step === 'kubeadm-init') controlPlaneUp = true;
  });

  const onGates = openGates();
  // Waited for below, when all nodes have ended: until then its failure is not an unhandled one.
  onGates.catch(() => undefined);
  const ends: Promise<void>[] = [];
  for (const task of startOrder(tasks, leader)) {
    await condition(() => running.size < WINDOW);
    const child = await startChild(node, {
      workflowId: `${workflowInfo().workflowId}/${task.hostname}`,
      args: [{ ref: input.ref, hostname: task.hostname, path: task.path }],
      staticSummary: `${task.hostname}: ${task.path}`,
    });
    running.set(task.hostname, child);
    ends.push(watch(task.hostname, child));
  }
  await Promise.all(ends);
  if (CancellationScope.current().consideredCancelled) {
    throw operationFailure(`cancelled by request: ${summariseFailures(failures)}`, false);
  }
  await onGates;
  return failures;

  async function watch(hostname: string, child: ChildWorkflowHandle<typeof node>): Promise<void> {
    try {
      await child.result();
    } catch (error) {
      const blocked = failureType(error) === 'Blocked';
      const text = `${hostname}: ${describeFailure(error)}`;
      failures.push({ hostname, text, blocked });
      if (hostname === leader && !controlPlaneUp) {
        blockedBy = `the first control plane ${hostname} did not come up`;
      }
    } finally {
      running.delete(hostname);
      ended += 1;
    }
  }

  /** A node that ended meanwhile needs no gate any more: its own end says what happened. */
  async function open(hostname: string, message: GateMessage): Promise<void> {
    try {
      await running.get(hostname)?.signal(gateSignal, message);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /** Lives as long as there are nodes: answers every node that stands before a gate. */
  async function openGates(): Promise<void> {
    let busy: string | undefined;
    let announced = leader === undefined;
    let announcement: Promise<void> | undefined;
    for (;;) {
      await condition(() => ended === tasks.length || hasNews());
      if (ended === tasks.length) {
        announce();
        await announcement;
        return;
      }
      if (busy !== undefined && (joined.has(busy) || !running.has(busy))) busy = undefined;
      const opened: Promise<void>[] = [];
      for (const [hostname, gate] of [...waiting]) {
        const free = gate === 'api-up' || (busy === undefined && turns[0] === hostname);
        if (blockedBy === undefined && !(controlPlaneUp && free)) continue;
        waiting.delete(hostname);
        if (gate === 'join-turn') {
          turns.splice(turns.indexOf(hostname), 1);
          busy = hostname;
        }
        opened.push(open(hostname, blockedBy === undefined ? { gate } : { gate, blockedBy }));
      }
      await Promise.all(opened);
      announce();
    }

    /** After the gates: nobody who stands at one waits for it. Its failure is the operation's. */
    function announce(): void {
      if (!controlPlaneUp || announced) return;
      announced = true;
      announcement = hooks.onControlPlaneUp?.();
      announcement?.catch(() => undefined);
    }

    function hasNews(): boolean {
      if (controlPlaneUp && !announced) return true;
      const turnIsFree = busy === undefined || joined.has(busy) || !running.has(busy);
      return [...waiting].some(
        ([hostname, gate]) =>
          blockedBy !== undefined ||
          (controlPlaneUp && (gate === 'api-up' || (turnIsFree && turns[0] === hostname))),
      );
    }
  }
}

/** The leader first, then control planes, then workers: what others wait for starts early. */
function startOrder(tasks: readonly NodeTask[], leader: string | undefined): NodeTask[] {
  const rank = (task: NodeTask): number =>
    task.hostname === leader ? 0 : task.path === 'control-plane' ? 1 : 2;
  return tasks
    .map((task, index) => ({ task, index }))
    .sort((a, b) => rank(a.task) - rank(b.task) || a.index - b.index)
    .map(({ task }) => task);
}

/** Ends an operation whose nodes failed; `controlPlaneUp` tells the cluster workflow whether to go on. */
export function operationFailure(summary: string, controlPlaneUp: boolean): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'OperationFailed',
    nonRetryable: true,
    message: summary,
    details: [{ controlPlaneUp } satisfies OperationFailureDetails],
  });
}

export interface OperationFailureDetails {
  controlPlaneUp: boolean;
}

/** What failed by itself first; what was only blocked by it last. */
export function summariseFailures(failures: readonly NodeFailure[]): string {
  const sorted = failures.slice().sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  const own = sorted.filter((failure) => !failure.blocked);
  const blocked = sorted.filter((failure) => failure.blocked).map((failure) => failure.hostname);
  return [
    ...own.map((failure) => failure.text),
    ...(blocked.length === 0 ? [] : [`not started because of that: ${blocked.join(', ')}`]),
  ].join('. ');
}
