import { AskedKind } from './askedOperations.js';
import { minorOf } from './matrix.js';
import type { AppliedCluster, ClusterRecord } from './records.js';

/**
 * Why a snapshot is not of a cluster that runs `runs`; undefined: it is. Data of another minor is not what this API server, and
 * the kubelets beside it, were upgraded from or to.
 */
export function otherMinor(
  of: { id: string; kubernetesVersion: string },
  { name, runs }: { name: string; runs: string },
): string | undefined {
  if (minorOf(runs) === minorOf(of.kubernetesVersion)) return undefined;
  return `snapshot ${of.id} is of Kubernetes ${of.kubernetesVersion}, cluster ${name} runs ${runs}: only data of the same minor can be restored`;
}

/** One has begun and not ended well: there is no way back but through a restore. */
export function isRestoring({ applied }: { applied: Pick<AppliedCluster, 'restoring'> }): boolean {
  return applied.restoring !== undefined && applied.restoring !== null;
}

/** Ids of snapshots that a restore is of, or comes to be of by a retry. */
export function snapshotsInUse({
  applied,
  asked = [],
}: Pick<ClusterRecord, 'applied' | 'asked'>): string[] {
  const restores = asked.filter(({ kind }) => kind === AskedKind.Restore);
  return [applied.restoring?.args, ...restores.map(({ args }) => args)].flatMap(
    (args) => args?.['snapshot'] ?? [],
  );
}
