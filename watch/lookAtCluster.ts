import { setTimeout as delay } from 'node:timers/promises';

import { byHostname } from '../core/byHostname.js';
import type { ActivityDeps } from '../activities/deps.js';
import { joinedControlPlanes } from '../activities/load.js';
import { withMachine } from '../activities/targets.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { Look, LookFailure, MachineObservation } from '../core/health.js';
import { lookAtMachine } from '../machine/watch/lookAtMachine.js';
import type { LookPart } from '../machine/watch/lookScript.js';
import type { LookRows } from '../machine/watch/parseLook.js';
import type { WatchSubject } from '../store/watchTypes.js';

export interface ClusterLook {
  look: Look;
  /** The machines that were asked themselves, and what those said that have answered. */
  machines: { hostname: string; machine?: MachineObservation }[];
}

/** Nobody is there, or does not answer in time. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.MachineUnreachable,
  ErrorCode.ConnectionLost,
  ErrorCode.Cancelled,
  ErrorCode.StepFailed,
]);

interface LookOptions {
  /** The control plane that is asked before the others. */
  first?: string;
  askThemselves: ReadonlySet<string>;
  /** After it the others are asked, too, without waiting any longer for the first: a dead one takes 20 s to be known as such. */
  hedgeMs: number;
}

type Answer = LookRows | { failure: LookFailure };

/**
 * One look through a control plane, `first` before the others, and through whichever of those answers where that one does
 * not. Machines of `askThemselves` tell about themselves meanwhile.
 * @throws AppError Internal: the store has failed, nothing is known of the cluster.
 */
export async function lookAtCluster(
  deps: ActivityDeps,
  subject: WatchSubject,
  { first, askThemselves, hedgeMs }: LookOptions,
): Promise<ClusterLook> {
  const at = new Date().toISOString();
  const [leader, ...others] = inOrder(subject, first);
  if (leader === undefined) return { look: { at, failures: [] }, machines: [] };
  const both = askThemselves.has(leader);
  const byLeader = ask(deps, subject, leader, both ? ['cluster', 'machine'] : ['cluster']);
  const saidByLeader: ClusterLook['machines'] = [];
  const note = (answer: Answer): unknown => both && saidByLeader.push(saidBy(leader, answer));
  byLeader.then(note, () => undefined);
  const [{ rows, through, failures }, ...machines] = await Promise.all([
    firstThatAnswers(leader, byLeader, hedgeMs, () =>
      others.map((hostname) => [hostname, ask(deps, subject, hostname, ['cluster'])]),
    ),
    ...[...askThemselves]
      .filter((hostname) => hostname !== leader)
      .map(async (hostname) => saidBy(hostname, await ask(deps, subject, hostname, ['machine']))),
  ]);
  return {
    look: {
      ...{ at, failures },
      ...(through === undefined ? {} : { through }),
      ...(rows?.nodes === undefined ? {} : { nodes: rows.nodes }),
      ...(rows?.etcd === undefined ? {} : { etcd: rows.etcd }),
    },
    // Where others have answered and it has not, its turn comes again.
    machines: [...saidByLeader, ...machines],
  };
}

interface Through {
  rows?: LookRows;
  through?: string;
  /** Of those that have failed by then. */
  failures: LookFailure[];
}

async function firstThatAnswers(
  leader: string,
  byLeader: Promise<Answer>,
  hedgeMs: number,
  askOthers: () => [hostname: string, answer: Promise<Answer>][],
): Promise<Through> {
  const failures: LookFailure[] = [];
  const through = async (hostname: string, answer: Promise<Answer>): Promise<Through> => {
    const rows = await answer;
    if (!('failure' in rows) && rows.nodes !== undefined)
      return { rows, through: hostname, failures };
    const failure = 'failure' in rows ? rows.failure : silentApi(hostname, rows);
    failures.push(failure);
    throw new AppError(ErrorCode.MachineUnreachable, failure.message);
  };
  const hedge = new AbortController();
  const one = through(leader, byLeader);
  const early = await Promise.race([
    one.catch(() => undefined),
    delay(hedgeMs, undefined, { signal: hedge.signal }).catch(() => undefined),
  ]);
  hedge.abort();
  if (early !== undefined) return early;
  const all = [one, ...askOthers().map(([hostname, answer]) => through(hostname, answer))];
  try {
    return await Promise.any(all);
  } catch (error) {
    // Where the store has failed nothing is known of the machine.
    for (const cause of error instanceof AggregateError ? (error.errors as unknown[]) : [error]) {
      if (!(cause instanceof AppError)) throw error;
      if (cause.code === ErrorCode.Internal) throw cause;
    }
    failures.sort(byHostname);
    return { failures };
  }
}

function silentApi(
  hostname: string,
  { apiProblem = 'the answer was cut off' }: LookRows,
): LookFailure {
  const message = `the API server does not answer on ${hostname}: ${apiProblem}`;
  return { hostname, kind: 'api', message };
}

function inOrder(subject: WatchSubject, first: string | undefined): string[] {
  return joinedControlPlanes(subject)
    .map(({ hostname }) => hostname)
    .toSorted((a, b) => Number(b === first) - Number(a === first));
}

function saidBy(hostname: string, answer: Answer): ClusterLook['machines'][number] {
  return 'failure' in answer || answer.machine === undefined
    ? { hostname }
    : { hostname, machine: answer.machine };
}

async function ask(
  deps: ActivityDeps,
  subject: WatchSubject,
  hostname: string,
  parts: readonly LookPart[],
): Promise<Answer> {
  const { id: clusterId, project, name, spec } = subject;
  const node =
    spec.config.nodes.find((one) => one.hostname === hostname) ??
    subject.nodes.find((one) => one.hostname === hostname)?.spec;
  if (node === undefined) {
    throw new AppError(ErrorCode.Internal, `node ${hostname} is not known`);
  }
  try {
    return await withMachine(deps, { project, name, clusterId, spec, node }, (session) =>
      lookAtMachine(session, { clusterId, parts }),
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.code === ErrorCode.Internal) throw error;
    const kind = UNREACHABLE.has(error.code) ? 'unreachable' : 'refused';
    const late = error.code === ErrorCode.Cancelled;
    const message = late ? `${hostname} does not answer in time` : error.message;
    return { failure: { hostname, kind, message } };
  }
}
