import {
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  workflowInfo,
} from '@temporalio/workflow';

import type { NodeTask } from '../core/plan.js';
import type { Gates } from './gates.js';
import type { OperationInput } from './input.js';

/**
 * Children that one run of an operation starts for one list of nodes; for two lists, one after the other, it may come to
 * twice as many. Each is about a dozen events in the operation's history, which Temporal warns of at 10,240 and ends at
 * 51,200; facts of a thousand machines are 5,000 before the first of them. Another number is another order of commands: it
 * may change behind `patched()` only.
 */
export const NODES_PER_RUN = 250;

/** What comes before the nodes may have filled half a history by itself: a new run is not begun for a few of them. */
const LEAST_PER_RUN = 50;

/** Failures that are carried with all their words; 2 MB is the most that an input may be. */
const WHOLE_TEXTS = 100;
const SHORT_TEXT = 200;

export interface NodeFailure {
  hostname: string;
  /** In words. */
  text: string;
  /** Its class, where it is one of ours. */
  type?: string | undefined;
  /** It never started because of another node. */
  blocked: boolean;
}

/** What the runs of an operation before this one have done. */
export interface SoFar {
  /** Tasks that have ended, as `taskKey` names them. */
  ended: string[];
  failures: (NodeFailure & { task: string })[];
  /** The first control plane answered, and what follows from it was done. */
  controlPlaneUp: boolean;
  /** Why no node may pass a gate any more. */
  blockedBy?: string;
}

/** A node may have two tasks in one operation, one after the other: by path and name there is one of each. */
export function taskKey({ hostname, path }: NodeTask): string {
  return `${path}/${hostname}`;
}

/** What earlier runs of the operation have done of these tasks. */
export function resume(
  soFar: SoFar | undefined,
  tasks: readonly NodeTask[],
  gates: Gates,
): { failures: NodeFailure[]; left: NodeTask[] } {
  if (soFar === undefined) return { failures: [], left: [...tasks] };
  const known = new Set(soFar.ended);
  const failed = new Map(soFar.failures.map(({ task, ...failure }) => [task, failure]));
  const done = tasks.filter((task) => known.has(taskKey(task)));
  if (done.length === 0) return { failures: [], left: [...tasks] };
  // Before what has ended is judged: a leader that failed once the API server had answered blocks nobody.
  gates.resume(soFar);
  for (const task of done) gates.end(task.hostname, failed.has(taskKey(task)));
  return {
    failures: done.flatMap((task) => failed.get(taskKey(task)) ?? []),
    left: tasks.filter((task) => !known.has(taskKey(task))),
  };
}

interface Here {
  tasks: readonly NodeTask[];
  ended: ReadonlySet<string>;
  failures: readonly NodeFailure[];
  gates: Gates;
}

/** With what this run has done. */
export function soFarOf(before: SoFar | undefined, { tasks, ended, failures, gates }: Here): SoFar {
  const { blockedBy } = gates;
  const here = tasks.filter(({ hostname }) => ended.has(hostname));
  return {
    ...withEnded(before, here, failures),
    controlPlaneUp: gates.controlPlaneUp,
    ...(blockedBy === undefined ? {} : { blockedBy }),
  };
}

/** These tasks have ended as well, those of them that failed with these failures. */
export function withEnded(
  before: SoFar | undefined,
  tasks: readonly NodeTask[],
  failures: readonly NodeFailure[],
): Pick<SoFar, 'ended' | 'failures'> {
  const known = new Set(before?.ended);
  const failed = new Map(failures.map((failure) => [failure.hostname, failure]));
  const here = tasks.filter((task) => !known.has(taskKey(task)));
  return {
    ended: [...known, ...here.map(taskKey)],
    failures: [
      ...(before?.failures ?? []),
      ...here.flatMap((task) => {
        const failure = failed.get(task.hostname);
        return failure === undefined ? [] : [{ ...failure, task: taskKey(task) }];
      }),
    ],
  };
}

/** The history has become so long that the operation should go on in a new run, now that nothing of it is at work. */
export function isLong(started: number): boolean {
  const long =
    started >= NODES_PER_RUN || (started >= LEAST_PER_RUN && workflowInfo().continueAsNewSuggested);
  // An operation that a worker from before this began, and that has gone past it, goes on as it began.
  return long && patched('operation-anew');
}

/** Never returns: the operation goes on as a new run of the same workflow. */
export async function goOnAnew(input: OperationInput, soFar: SoFar): Promise<never> {
  await condition(allHandlersFinished);
  const failures = soFar.failures.map((failure, index) =>
    index < WHOLE_TEXTS ? failure : { ...failure, text: failure.text.slice(0, SHORT_TEXT) },
  );
  return continueAsNew({ ...input, soFar: { ...soFar, failures } });
}
