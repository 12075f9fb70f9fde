import type { ActivityDeps } from '../activities/deps.js';
import { nextLookInMs } from '../core/health.js';
import { judgeHealth } from '../core/judgeHealth.js';
import { NodeStatus } from '../core/words.js';
import type { DueCluster, WatchSubject } from '../store/watchTypes.js';
import { lookAtCluster } from './lookAtCluster.js';
import { noteExpiries } from './noteExpiries.js';

/** Certificates and disks change slowly: each machine is asked itself this often. */
const MACHINES_EVERY_MS = 30 * 60_000;
/** Looks in which all machines of a cluster have their turn: a thousand machines are seventeen a look. */
const TURNS = 60;
/** Of a cluster that is being deleted, or has lost its API server for good. */
const NOTHING_TO_SEE_MS = 60_000;

export type Watched =
  /** Kept, and the status is as it says. */
  | 'recorded'
  /** There was nothing to look at. */
  | 'left'
  /** Another one watches the cluster now, or it was changed meanwhile. */
  | 'superseded';

/** One look at one cluster, recorded and judged. */
export async function watchCluster(
  deps: ActivityDeps,
  due: DueCluster,
  { leaseGeneration, hedgeMs }: { leaseGeneration: number; hedgeMs: number },
): Promise<Watched> {
  const { store, log } = deps;
  const { clusterId } = due;
  const order = { clusterId, leaseGeneration, after: due.sequence };
  const subject = await store.health.subject(clusterId);
  // What is kept of a cluster that is gone goes with it.
  if (subject === undefined) return 'left';
  if (subject.deleting || !subject.initialised || !subject.nodes.some(({ joined }) => joined)) {
    await store.health.postpone(order, inMs(NOTHING_TO_SEE_MS));
    return 'left';
  }
  const turn = await machinesToAsk(deps, due, subject);
  const { look, machines } = await lookAtCluster(deps, subject, {
    ...{ askThemselves: turn.hostnames, hedgeMs },
    ...(due.through === undefined ? {} : { first: due.through }),
  });
  const judgement = judgeHealth({ look, nodes: subject.nodes, suspects: due.suspects });
  // First: a process that dies in between has them asked again. Late ones are told by their time.
  await noteExpiries(deps, clusterId, machines);
  // While an operation is at work, what is silent is silent for its reasons.
  const suspects = subject.busy ? [] : judgement.suspects;
  const failures = look.nodes === undefined && !subject.busy ? due.failures + 1 : 0;
  const sequence = await store.health.record(order, {
    ...{ look, machines, failures, suspects },
    hostnames: hostnamesOf(subject, look.nodes),
    nextLookAt: inMs(jittered(nextLookInMs({ failures, suspects }))),
    machinesDueAt: turn.nextAt,
  });
  if (sequence === undefined) return 'superseded';
  if (await store.health.judge({ subject, sequence }, judgement)) {
    const { project, name: cluster } = subject;
    const notReady = judgement.nodes
      .filter(({ status }) => status === NodeStatus.NotReady)
      .map(({ hostname }) => hostname);
    log.info({ project, cluster, notReady }, 'watch: what the cluster is has changed');
  }
  return 'recorded';
}

/** Those of the machines whose turn it is, and when it is the next one's. */
async function machinesToAsk(
  { store }: ActivityDeps,
  due: DueCluster,
  subject: WatchSubject,
): Promise<{ hostnames: ReadonlySet<string>; nextAt: string }> {
  const none = { hostnames: new Set<string>(), nextAt: due.machinesDueAt };
  if (due.machinesDueAt > inMs(0)) return none;
  const askedAt = await store.health.machinesAskedAt(due.clusterId);
  const late = inMs(-MACHINES_EVERY_MS);
  const alive = subject.nodes
    .filter(({ joined, leaving, status }) => joined && !leaving && status !== NodeStatus.NotReady)
    .map(({ hostname }) => ({ hostname, at: askedAt.get(hostname) ?? '' }))
    .toSorted((a, b) => compare(a.at, b.at) || compare(a.hostname, b.hostname));
  const most = Math.ceil(alive.length / TURNS);
  const turn = alive.filter(({ at }) => at <= late).slice(0, most);
  return {
    hostnames: new Set(turn.map(({ hostname }) => hostname)),
    nextAt: turnAfter(alive[turn.length]?.at),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** When it is the turn of a machine that was asked then; empty: it never was, it is now. */
function turnAfter(askedAt: string | undefined): string {
  if (askedAt === undefined) return inMs(MACHINES_EVERY_MS);
  return askedAt === '' ? '' : new Date(Date.parse(askedAt) + MACHINES_EVERY_MS).toISOString();
}

function hostnamesOf(
  subject: WatchSubject,
  listed: readonly { hostname: string }[] | undefined,
): string[] {
  const joined = subject.nodes.filter((node) => node.joined).map(({ hostname }) => hostname);
  return [...new Set([...joined, ...(listed ?? []).map(({ hostname }) => hostname)])].toSorted();
}

/** A tenth to either side: clusters that were adopted together do not stay together. */
function jittered(ms: number): number {
  return ms * (0.9 + Math.random() / 5);
}

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
