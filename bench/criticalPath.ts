import type { NodeTask } from '../core/plan.js';
import { leaveSteps, nodePaths, type StepName } from '../core/steps.js';

/** One step as it ran: the machine's own times where it was a unit, the worker's where it was a transfer. */
export interface TimedStep {
  hostname: string;
  step: StepName;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** The worker's own times around it, where it has them. */
  begunAt?: number;
  doneAt?: number;
}

export type ChainLink = TimedStep & { seconds: number };

export interface CriticalPath {
  /** Sum of the durations along the longest chain: what no scheduling could do without. */
  seconds: number;
  chain: ChainLink[];
}

interface Vertex extends TimedStep {
  id: string;
  needs: string[];
}

/** Steps before the nodes' own lists, and after them, each waiting for all of the group before. */
const BEFORE: readonly StepName[] = ['facts'];
/** Through a control plane, one after the other, before a node that leaves is cleaned; those of etcd may be absent. */
const LEAVE: readonly StepName[] = leaveSteps.map(({ name }) => name);
const AFTER: readonly StepName[] = [
  'check-in',
  'node-metadata',
  'namespace-sync',
  'blueprint-sync',
  'blueprint-health',
];

/**
 * The longest chain of steps that had to follow one another, by the graph of steps: a node's own needs,
 * the gates between nodes, then the cluster's steps in order.
 */
export function criticalPath(
  tasks: readonly NodeTask[],
  steps: readonly TimedStep[],
): CriticalPath {
  const vertices = new Map(graph(tasks, steps).map((vertex) => [vertex.id, vertex]));
  const best = new Map<string, { total: number; from: string | undefined }>();
  const longest = (id: string): number => {
    const known = best.get(id);
    if (known !== undefined) return known.total;
    const vertex = vertices.get(id);
    if (vertex === undefined) return 0;
    let from: string | undefined;
    let before = 0;
    for (const need of vertex.needs.filter((name) => vertices.has(name))) {
      if (from === undefined || longest(need) > before) {
        from = need;
        before = longest(need);
      }
    }
    const total = before + Math.max(0, vertex.endedAt - vertex.startedAt);
    best.set(id, { total, from });
    return total;
  };
  const ends = [...vertices.keys()].toSorted((a, b) => longest(b) - longest(a));
  const chain: CriticalPath['chain'] = [];
  for (let id = ends[0]; id !== undefined; id = best.get(id)?.from) {
    const vertex = vertices.get(id);
    if (vertex === undefined) break;
    chain.unshift({ ...vertex, seconds: (vertex.endedAt - vertex.startedAt) / 1000 });
  }
  return { seconds: chain.reduce((sum, { seconds }) => sum + seconds, 0), chain };
}

/**
 * What the end really waited for: back from the step that ended last, always to the need that ended last. Its
 * durations and the gaps between them are the whole time.
 */
export function blockingChain(
  tasks: readonly NodeTask[],
  steps: readonly TimedStep[],
): ChainLink[] {
  const vertices = new Map(graph(tasks, steps).map((vertex) => [vertex.id, vertex]));
  const latest = (candidates: readonly Vertex[]): Vertex | undefined =>
    candidates.toSorted((a, b) => b.endedAt - a.endedAt)[0];
  const chain: ChainLink[] = [];
  for (
    let at = latest([...vertices.values()]);
    at !== undefined;
    at = latest(at.needs.flatMap((id) => vertices.get(id) ?? []))
  ) {
    chain.unshift({ ...at, seconds: (at.endedAt - at.startedAt) / 1000 });
  }
  return chain;
}

const idOf = (hostname: string, step: StepName): string => `${hostname}/${step}`;

function idsOf(steps: readonly TimedStep[], name: StepName | undefined): string[] {
  return steps.filter(({ step }) => step === name).map((s) => idOf(s.hostname, s.step));
}

/** The last of these that there is. */
function lastThere(steps: readonly TimedStep[], names: readonly StepName[]): string[] {
  return idsOf(
    steps,
    names.findLast((name) => steps.some(({ step }) => step === name)),
  );
}

/**
 * Of a step that waits for its node's turn in an upgrade: the last step of the node whose turn was before; of the first of
 * them, that every node has its images.
 */
function turnBefore(
  tasks: readonly NodeTask[],
  steps: readonly TimedStep[],
  { hostname, step }: TimedStep,
): string[] {
  const pathOf = (name: string) => tasks.find((task) => task.hostname === name)?.path;
  const isTurn = (of: { hostname: string; step: StepName }): boolean => {
    const path = pathOf(of.hostname);
    const definition = path && nodePaths[path].find(({ name }) => name === of.step);
    return definition?.gate === 'upgrade-turn';
  };
  if (!isTurn({ hostname, step })) return [];
  const turns = steps.filter(isTurn).toSorted((a, b) => a.startedAt - b.startedAt);
  const index = turns.findIndex((turn) => turn.hostname === hostname);
  if (index === 0) return idsOf(steps, 'images');
  const before = turns[index - 1];
  const path = before && pathOf(before.hostname);
  const last = path && nodePaths[path].at(-1);
  return before === undefined || !last ? [] : [idOf(before.hostname, last.name)];
}

function graph(tasks: readonly NodeTask[], steps: readonly TimedStep[]): Vertex[] {
  const leader = tasks.find((task) => task.path === 'leader')?.hostname ?? '';
  const facts = tasks.map((task) => idOf(task.hostname, 'facts'));
  const lastOfNodes = tasks.map((task) => idOf(task.hostname, 'node-ready'));
  const needsOf = (timed: TimedStep): string[] => {
    if (BEFORE.includes(timed.step)) return [];
    const leaving = LEAVE.indexOf(timed.step);
    if (leaving >= 0) return lastThere(steps, LEAVE.slice(0, leaving));
    const after = AFTER.indexOf(timed.step);
    if (after > 0) return idsOf(steps, AFTER[after - 1]);
    if (after === 0) return lastOfNodes;
    const left = timed.step === 'reset' ? lastThere(steps, LEAVE) : [];
    const turn = turnBefore(tasks, steps, timed);
    return [...nodeNeeds(tasks, leader, timed, facts), ...left, ...turn];
  };
  return steps.map((timed) => ({
    ...timed,
    id: idOf(timed.hostname, timed.step),
    needs: needsOf(timed),
  }));
}

function nodeNeeds(
  tasks: readonly NodeTask[],
  leader: string,
  { hostname, step }: TimedStep,
  facts: readonly string[],
): string[] {
  const path = tasks.find((task) => task.hostname === hostname)?.path;
  const list = path === undefined ? [] : nodePaths[path];
  if (step === 'join-credentials' || step === 'kubeconfig') return [idOf(leader, 'kubeadm-init')];
  const index = list.findIndex((definition) => definition.name === step);
  const definition = list[index];
  if (definition === undefined) return [];
  const previous = list[index - 1];
  const needs = definition.needs ?? (previous === undefined ? [] : [previous.name]);
  const own = needs.length === 0 ? [...facts] : needs.map((name) => idOf(hostname, name));
  if (definition.gate === undefined || definition.gate === 'upgrade-turn') return own;
  // Made for a control plane, or for a later attempt; the first workers join with the token of the initialisation.
  return [...own, idOf(leader, 'kubeadm-init'), idOf(hostname, 'join-credentials')];
}
