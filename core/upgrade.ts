import type { ClusterConfig } from './cluster.js';
import { compareMinors, kubernetesRow, minorOf, parseVersion } from './matrix.js';

/** Where a version stands: `lowest` and `highest` of what runs now, and what is wanted. */
export interface VersionMove {
  from: string;
  to: string;
}

/** kubeadm of an older minor calls crictl, which is not part of Kubernetes, in every upgrade. */
const FIRST_TARGET = '1.32';

/** Below zero when version `a` is older than `b`; 0 for texts that are no versions. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parseVersion(a), parseVersion(b)];
  if (x === undefined || y === undefined) return 0;
  return x.major - y.major || x.minor - y.minor || x.patch - y.patch;
}

/** Why a cluster that runs `from` cannot be brought to `to`, in words; undefined when it can. */
export function upgradeProblem({ from, to }: VersionMove): string | undefined {
  const order = compareVersions(to, from);
  if (order === 0) return undefined;
  if (order < 0) {
    return `is ${from} and cannot become ${to}: Kubernetes cannot be downgraded, its data would be newer than its API server`;
  }
  const [first = ''] = upgradeHops({ from, to }).flatMap((hop) => minorOf(hop) ?? []);
  if (first !== '' && compareMinors(first, FIRST_TARGET) < 0) {
    const way = first === minorOf(to) ? '' : `, and Kubernetes ${first} is on the way`;
    return `is ${from} and cannot become ${to}: plinth upgrades to Kubernetes ${FIRST_TARGET} and later only${way}`;
  }
  return undefined;
}

/**
 * The versions to go through, one minor at a time, `to` last: of a minor between, the newest patch among
 * `available`, or else the newest that the matrix knows. Empty when there is nothing to do.
 */
export function upgradeHops(
  { from, to }: VersionMove,
  available: readonly string[] = [],
): string[] {
  const [start, end] = [parseVersion(from), parseVersion(to)];
  if (start === undefined || end === undefined || compareVersions(to, from) <= 0) return [];
  const hops: string[] = [];
  for (let minor = start.minor + 1; minor < end.minor; minor += 1) {
    const name = `${String(end.major)}.${String(minor)}`;
    const newest = available
      .filter((version) => minorOf(version) === name)
      .toSorted(compareVersions)
      .at(-1);
    hops.push(newest ?? kubernetesRow(`v${name}.0`)?.latestPatch ?? `v${name}.0`);
  }
  return [...hops, to];
}

/**
 * How many of `workers` are upgraded at once. `sequential`, and no strategy at all: one. `concurrent`: a number, or
 * a share rounded down; at least one, at most all of them.
 */
export function upgradeConcurrency(
  { strategy, params }: NonNullable<ClusterConfig['kubernetesUpgrade']>,
  workers: number,
): number {
  if (strategy !== 'concurrent') return 1;
  const wanted = params?.workerConcurrency ?? '1';
  const count = wanted.endsWith('%')
    ? Math.floor((workers * Number(wanted.slice(0, -1))) / 100)
    : Number(wanted);
  return Math.max(1, Math.min(count, workers));
}
