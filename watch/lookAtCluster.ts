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

/**
 * One look through the first control plane whose API server answers, `first` before the others; machines of `askThemselves`
 * tell about themselves.
 * @throws AppError Internal: the store has failed, nothing is known of the cluster.
 */
export async function lookAtCluster(
  deps: ActivityDeps,
  subject: WatchSubject,
  { first, askThemselves }: { first?: string; askThemselves: ReadonlySet<string> },
): Promise<ClusterLook> {
  const at = new Date().toISOString();
  const failures: LookFailure[] = [];
  const machines: ClusterLook['machines'] = [];
  const asked = new Set<string>();
  let rows: LookRows | undefined;
  let through: string | undefined;
  for (const { hostname } of inOrder(subject, first)) {
    const self = askThemselves.has(hostname);
    asked.add(hostname);
    const answer = await ask(deps, subject, hostname, self ? ['cluster', 'machine'] : ['cluster']);
    if (self) machines.push(saidBy(hostname, answer));
    if ('failure' in answer) {
      failures.push(answer.failure);
      continue;
    }
    if (answer.nodes !== undefined) {
      [rows, through] = [answer, hostname];
      break;
    }
    const why = answer.apiProblem ?? 'the answer was cut off';
    const message = `the API server does not answer on ${hostname}: ${why}`;
    failures.push({ hostname, kind: 'api', message });
  }
  const others = [...askThemselves].filter((hostname) => !asked.has(hostname));
  const answers = await Promise.all(
    others.map(async (hostname) =>
      saidBy(hostname, await ask(deps, subject, hostname, ['machine'])),
    ),
  );
  return {
    look: {
      ...{ at, failures },
      ...(through === undefined ? {} : { through }),
      ...(rows?.nodes === undefined ? {} : { nodes: rows.nodes }),
      ...(rows?.etcd === undefined ? {} : { etcd: rows.etcd }),
    },
    machines: [...machines, ...answers],
  };
}

function inOrder(subject: WatchSubject, first: string | undefined) {
  return joinedControlPlanes(subject).toSorted(
    (a, b) => Number(b.hostname === first) - Number(a.hostname === first),
  );
}

function saidBy(
  hostname: string,
  answer: LookRows | { failure: LookFailure },
): ClusterLook['machines'][number] {
  return 'failure' in answer || answer.machine === undefined
    ? { hostname }
    : { hostname, machine: answer.machine };
}

async function ask(
  deps: ActivityDeps,
  subject: WatchSubject,
  hostname: string,
  parts: readonly LookPart[],
): Promise<LookRows | { failure: LookFailure }> {
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
