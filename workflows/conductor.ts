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
import type { NodePath } from '../core/steps.js';
import { describeFailure, failureType } from './failures.js';
import { Gates, type Opening } from './gates.js';
import type { OperationInput } from './input.js';
import { gateSignal, progressSignal } from './messages.js';
import { node } from './node.js';

const START_ORDER: readonly (readonly NodePath[])[] = [
  ['leader', 'upgrade-first', 'restore-leader'],
  ['control-plane', 'upgrade-control-plane', 'restore-control-plane'],
  [
    ...(['worker', 'upgrade-worker', 'restore-worker', 'restore-stop'] as const),
    ...(['endpoint', 'blueprint-images', 'renew-certificates', 'kubelet', 'clean'] as const),
  ],
];

/** Nodes of one operation at work at once: each is a child with its own history. */
const WINDOW = 50;

export interface NodeFailure {
  hostname: string;
  /** In words. */
  text: string;
  /** Its class, where it is one of ours. */
  type: string | undefined;
  /** It never started because of another node. */
  blocked: boolean;
}

export interface ConductorHooks {
  /** The first control plane answers. */
  onControlPlaneUp?(): Promise<void>;
}

/**
 * Starts a child per node, opens the gates between them, and waits for all of them: one failed node is
 * one node's failure.
 */
export async function runNodes(
  input: OperationInput,
  tasks: readonly NodeTask[],
  hooks: ConductorHooks = {},
): Promise<NodeFailure[]> {
  const gates = new Gates(tasks, input.plan.workersAtOnce);
  const running = new Map<string, ChildWorkflowHandle<typeof node>>();
  const failures: NodeFailure[] = [];

  setHandler(progressSignal, (message) => {
    if (message.event === 'waiting') gates.arrive(message.hostname, message.gate);
    else gates.done(message.hostname, message.step);
  });

  const onGates = openGates();
  // Waited for below, when all nodes have ended: until then its failure is not an unhandled one.
  onGates.catch(() => undefined);
  const ends: Promise<void>[] = [];
  for (const task of startOrder(tasks)) {
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
    let failed = false;
    try {
      await child.result();
    } catch (error) {
      failed = true;
      const type = failureType(error);
      const text = `${hostname}: ${describeFailure(error)}`;
      failures.push({ hostname, text, type, blocked: type === 'Blocked' });
    } finally {
      running.delete(hostname);
      gates.end(hostname, failed);
    }
  }

  /** A node that ended meanwhile needs no gate any more: its own end says what happened. */
  async function open({ hostname, ...message }: Opening): Promise<void> {
    try {
      await running.get(hostname)?.signal(gateSignal, message);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /** Lives as long as there are nodes: answers every node that stands before a gate. */
  async function openGates(): Promise<void> {
    let announced = gates.controlPlaneUp;
    let announcement: Promise<void> | undefined;
    for (;;) {
      await condition(
        () => gates.allEnded || gates.hasNews || (gates.controlPlaneUp && !announced),
      );
      if (gates.allEnded) {
        announce();
        await announcement;
        return;
      }
      await Promise.all(gates.take().map(open));
      announce();
    }

    /** After the gates: nobody who stands at one waits for it. Its failure is the operation's. */
    function announce(): void {
      if (!gates.controlPlaneUp || announced) return;
      announced = true;
      announcement = hooks.onControlPlaneUp?.();
      announcement?.catch(() => undefined);
    }
  }
}

/** What others wait for starts early; the order of the plan within. */
function startOrder(tasks: readonly NodeTask[]): NodeTask[] {
  const rank = ({ path }: NodeTask): number => START_ORDER.findIndex((each) => each.includes(path));
  return tasks.toSorted((a, b) => rank(a) - rank(b));
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
