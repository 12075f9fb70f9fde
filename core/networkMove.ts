import { calicoRow, calicoVersionsFor, compareMinors, minorOf } from './matrix.js';
import { compareVersions, upgradeHops, type VersionMove } from './upgrade.js';

/** What both are now, and what they are to be. */
export interface NetworkMove {
  kubernetes: VersionMove;
  calico: VersionMove;
}

/** `3.28.5` and `v3.28.5` are one version. */
export function isSameCalico(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/**
 * The minor of Kubernetes at which Calico is changed: the first on the way that the new one goes with, so that the pods
 * have a network at every stop.
 */
export function networkTurn({ kubernetes, calico }: NetworkMove): string {
  const turn = stopsOf(kubernetes).find((stop) => calicoRow(stop, calico.to) !== undefined);
  return minorOf(turn ?? kubernetes.to) ?? '';
}

/** Why the pods would be without a network that goes with it somewhere on the way, in words; undefined: nowhere. */
export function networkProblem(move: NetworkMove): string | undefined {
  const { kubernetes, calico } = move;
  const turn = networkTurn(move);
  const without = stopsOf(kubernetes)
    .slice(1)
    .find((stop) => {
      const isBefore = compareMinors(minorOf(stop) ?? '', turn) < 0;
      return calicoRow(stop, isBefore ? calico.from : calico.to) === undefined;
    });
  if (without === undefined) return undefined;
  const minor = minorOf(without) ?? '';
  if (isSameCalico(calico.from, calico.to)) {
    return `is ${kubernetes.from} and cannot become ${kubernetes.to}: Calico ${calico.to} is not for Kubernetes ${minor}, which is on the way`;
  }
  const both = `neither Calico ${bare(calico.from)} nor ${bare(calico.to)}`;
  const instead = calicoVersionsFor(without).join(' or ');
  return `is ${kubernetes.from} and cannot become ${kubernetes.to} at once: ${both} is for Kubernetes ${minor}, which is on the way; go there first, with Calico ${instead}`;
}

/** Why Calico cannot become what is wanted, whatever Kubernetes there is, in words; undefined when it can. */
export function calicoProblem({ from, to }: VersionMove): string | undefined {
  return compareVersions(to, from) < 0
    ? `is ${bare(from)} and cannot become ${bare(to)}: Calico is not taken back to an older version, what it keeps may be of the newer one`
    : undefined;
}

function stopsOf(kubernetes: VersionMove): string[] {
  return [kubernetes.from, ...upgradeHops(kubernetes)];
}

function bare(version: string): string {
  return version.replace(/^v/, '');
}
