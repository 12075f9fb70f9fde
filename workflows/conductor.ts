import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';

import { byHostname } from '../core/byHostname.js';
import type { NodeTask } from '../core/plan.js';
import type { NodePath } from '../core/steps.js';
import { failedDetails, nodesDetails, nodeSummary } from './details.js';
import { describeNodeFailure, failureType, isTerminated } from './failures.js';
import { goOnAnew, isLong, resume, soFarOf, type NodeFailure } from './anew.js';
import { Gates, isUpgrade, type Opening } from './gates.js';
import type { OperationInput } from './input.js';
import { gateSignal, progressSignal } from './messages.js';
import { node } from './node.js';
import { records } from './proxies.js';
import { operationSearchAttributes } from './searchAttributes.js';

const START_ORDER: readonly (readonly NodePath[])[] = [
  ['leader', 'upgrade-first', 'restore-leader'],
  ['control-plane', 'upgrade-control-plane', 'restore-control-plane'],
  [
    ...(['worker', 'added-worker', 'upgrade-worker', 'restore-worker', 'restore-stop'] as const),
    'prefetch',
    ...(['endpoint', 'blueprint-images', 'network-images', 'renew-certificates'] as const),
    ...(['kubelet', 'settle', 'clean'] as const),
  ],
];

/** Nodes of one operation at work at once: each is a child with its own history. */
export const WINDOW = 50;

/** Failures of nodes that a summary tells; the others are named. Each node's own is with the node. */
const IN_WORDS = 20;

export interface ConductorOptions {
  /** The first control plane answers. */
  onControlPlaneUp?: () => Promise<void>;
  /** Nodes that are upgraded have what they need for it: their steps begin with their turns. */
  prefetched?: boolean;
}

/**
 * Starts a child per node, opens the gates between them, and waits for all of them: one failed node is
 * one node's failure. Between two nodes the operation may go on as a new run, which calls this again: nothing before it
 * may be done twice.
 */
export async function runNodes(
  input: OperationInput,
  tasks: readonly NodeTask[],
  { onControlPlaneUp, prefetched = false }: ConductorOptions = {},
): Promise<NodeFailure[]> {
  const prefetches = !prefetched && tasks.some(({ path }) => isUpgrade(path));
  const gates = new Gates(tasks, {
    workersAtOnce: input.plan.workersAtOnce,
    prefetchedFirst: prefetches && patched('prefetched-first') ? WINDOW : undefined,
  });
  const running = new Map<string, ChildWorkflowHandle<typeof node>>();
  let starting: { hostname: string; child: Promise<ChildWorkflowHandle<typeof node>> } | undefined;
  const { failures, left } = resume(input.soFar, tasks, gates);
  const ended = new Set<string>();
  let announcement: Promise<void> | undefined;

  setHandler(progressSignal, (message) => {
    if (message.event === 'waiting') gates.arrive(message.hostname, message.gate);
    else gates.done(message.hostname, message.step);
  });

  const onGates = openGates();
  // Waited for below, when all nodes have ended: until then its failure is not an unhandled one.
  onGates.catch(() => undefined);
  const ends: Promise<void>[] = [];
  let isLeft = false;
  try {
    for (const task of startOrder(left)) {
      await condition(() => running.size < WINDOW);
      isLeft = isLong(ends.length);
      if (isLeft) break;
      const { hostname } = task;
      const child = startChild(node, {
        workflowId: `${workflowInfo().workflowId}/${hostname}`,
        args: [
          {
            ...{ ref: input.ref, hostname, path: task.path },
            ...(gates.open.length === 0 ? {} : { open: gates.open }),
            ...(prefetched ? { prefetched } : {}),
          },
        ],
        staticSummary: nodeSummary(task),
        typedSearchAttributes: operationSearchAttributes(input.ref),
      });
      starting = { hostname, child };
      const started = await child;
      running.set(hostname, started);
      starting = undefined;
      tellHowFar();
      ends.push(watch(hostname, started));
    }
  } catch (error) {
    // Those at work are let come to their safe points; no further one starts.
    if (!isCancellation(error)) throw error;
  }
  await Promise.all(ends);
  if (CancellationScope.current().consideredCancelled) {
    throw operationFailure(`cancelled by request: ${summariseFailures(failures)}`, false);
  }
  if (isLeft) {
    await announcement;
    await goOnAnew(input, soFarOf(input.soFar, { tasks, ended, failures, gates }));
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
      const text = describeNodeFailure(hostname, error);
      failures.push({ hostname, text, type, blocked: type === 'Blocked' });
      // It could not say so itself.
      if (isTerminated(error) && patched('terminated-node')) {
        await CancellationScope.nonCancellable(() =>
          records.failNode({ ...input.ref, hostname, message: text }),
        );
      }
    } finally {
      running.delete(hostname);
      ended.add(hostname);
      gates.end(hostname, failed);
      tellHowFar();
    }
  }

  function tellHowFar(): void {
    setCurrentDetails(
      nodesDetails(tasks.length, {
        atWork: [...running.keys()],
        failed: failures.map(({ hostname }) => hostname),
        ended: tasks.length - left.length + ended.size,
        prefetching: tasks.every(({ path }) => path === 'prefetch'),
      }),
    );
  }

  /** A node that ended meanwhile needs no gate any more: its own end says what happened. */
  async function open({ hostname, ...message }: Opening): Promise<void> {
    try {
      const child = running.get(hostname) ?? (await justStarted(hostname));
      await child?.signal(gateSignal, message);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /** One whose first step has a gate may stand before it when it is not known here yet to have started. */
  async function justStarted(
    hostname: string,
  ): Promise<ChildWorkflowHandle<typeof node> | undefined> {
    if (starting?.hostname !== hostname || !patched('opened-at-start')) return undefined;
    return starting.child;
  }

  /** Lives as long as there are nodes: answers every node that stands before a gate. */
  async function openGates(): Promise<void> {
    let announced = gates.controlPlaneUp;
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
      announcement = onControlPlaneUp?.();
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
  setCurrentDetails(failedDetails(summary));
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
  const sorted = failures.slice().sort(byHostname);
  const own = sorted.filter((failure) => !failure.blocked);
  const blocked = sorted.filter((failure) => failure.blocked).map((failure) => failure.hostname);
  const more = own.slice(IN_WORDS).map((failure) => failure.hostname);
  return [
    ...own.slice(0, IN_WORDS).map((failure) => failure.text),
    ...(more.length === 0 ? [] : [`and ${String(more.length)} more failed: ${more.join(', ')}`]),
    ...(blocked.length === 0 ? [] : [`not started because of that: ${blocked.join(', ')}`]),
  ].join('. ');
}
