import { SuccessReason } from './conditions.js';
import type { EtcdMember, Look, LookFailure, NodeObservation, WatchedNode } from './health.js';
import { ConditionStatus, ConditionType, NodeStatus } from './words.js';

export interface HealthInput {
  look: Look;
  nodes: readonly WatchedNode[];
  /** What the look before has suspected. */
  suspects: readonly string[];
}

export interface Judgement {
  /** Of nodes of which something is known; the others stay what they are. */
  nodes: { hostname: string; status: typeof NodeStatus.Ready | typeof NodeStatus.NotReady }[];
  /** What ClusterReady is to be; undefined: it cannot be said yet. */
  ready: { status: ConditionStatus; reason: string } | undefined;
  /** What counts once the next look says it again: a single lost connection is no news. */
  suspects: string[];
}

/** As many as a person reads in one sentence. */
const NAMED = 5;

/**
 * From one look to what people are told. What the API server says of a node counts at once: it has waited for a silent
 * kubelet itself. What only our own connections tell counts when two looks in a row say it.
 */
export function judgeHealth({ look, nodes, suspects }: HealthInput): Judgement {
  const joined = nodes.filter((node) => node.joined && !node.leaving);
  if (look.nodes === undefined) return judgeBlind(look.failures, joined, suspects);
  const seen = new Map(look.nodes.map((node) => [node.hostname, node]));
  const verdicts = joined.map(({ hostname }) => ({
    hostname,
    problem: nodeProblem(hostname, seen.get(hostname)),
  }));
  const silent = silentMembers(look);
  const now = silent.map(({ name }) => `etcd:${name}`);
  const problems = [
    // Those that an operation has left as failed, too: where that has left the cluster Ready, nobody else tells that they are dead.
    ...verdicts.flatMap(({ problem }) => problem ?? []),
    ...silent.flatMap(({ name }) =>
      suspects.includes(`etcd:${name}`) ? [`the etcd member ${name} does not answer`] : [],
    ),
  ];
  return {
    nodes: verdicts.map(({ hostname, problem }) => ({
      hostname,
      status: problem === undefined ? NodeStatus.Ready : NodeStatus.NotReady,
    })),
    ready:
      problems.length === 0
        ? // Something that was not told yet is no reason to take back what was.
          silent.length > 0
          ? undefined
          : { status: ConditionStatus.True, reason: SuccessReason[ConditionType.Ready] }
        : { status: ConditionStatus.False, reason: sentence(problems) },
    suspects: now,
  };
}

/** Only these two are the watcher's to change: every other one is of an operation, under way or failed. */
export function isJudged(status: NodeStatus): boolean {
  return status === NodeStatus.Ready || status === NodeStatus.NotReady;
}

/** No API server answered: of workers nothing is known, of control planes whether their machines answer. */
function judgeBlind(
  failures: readonly LookFailure[],
  joined: readonly WatchedNode[],
  suspects: readonly string[],
): Judgement {
  const now = failures.map(({ hostname, kind }) => `${kind}:${hostname}`);
  const sure = failures.filter(({ hostname, kind }) => suspects.includes(`${kind}:${hostname}`));
  const dead = new Set(
    sure.filter(({ kind }) => kind === 'unreachable').map(({ hostname }) => hostname),
  );
  const nodes = joined
    .filter(({ hostname }) => dead.has(hostname))
    .map(({ hostname }) => ({ hostname, status: NodeStatus.NotReady }));
  if (sure.length < failures.length || failures.length === 0) {
    return { nodes, ready: undefined, suspects: now };
  }
  const refused = failures.every(({ kind }) => kind === 'refused');
  const why = sentence(failures.map(({ message }) => message));
  return {
    nodes,
    ready: refused
      ? { status: ConditionStatus.Unknown, reason: `the cluster cannot be looked at: ${why}` }
      : { status: ConditionStatus.False, reason: `no control plane answers: ${why}` },
    suspects: now,
  };
}

function nodeProblem(hostname: string, node: NodeObservation | undefined): string | undefined {
  if (node === undefined) return `${hostname} is not Ready: the API server does not know the node`;
  if (node.ready === 'True') return undefined;
  const why = [node.message, node.reason, 'no reason given'].find((text) => text !== '') ?? '';
  return `${hostname} is not Ready: ${why.replace(/[.\s]+$/, '')}`;
}

function silentMembers({ etcd, through, failures }: Look): EtcdMember[] {
  if (etcd !== undefined) return etcd.filter(({ healthy }) => !healthy);
  // The members could not be asked on the machine: the one there is the one that is silent.
  if (through === undefined || failures.some(({ hostname }) => hostname === through)) return [];
  return [{ name: through, healthy: false, learner: false }];
}

function sentence(problems: readonly string[]): string {
  const rest = problems.length - NAMED;
  const more = rest > 0 ? `. And ${rest} more` : '';
  return problems.slice(0, NAMED).join('. ') + more;
}
