import { Readable } from 'node:stream';

import type { Artifact } from '../core/artifacts.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { isControlPlane } from '../core/plan.js';
import type { Restoring } from '../core/records.js';
import type { NodePath, StepName } from '../core/steps.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import type { NodeSpec } from '../core/cluster.js';
import type { RestoreContext } from '../machine/steps/types.js';
import { setCondition } from './conditions.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import type { OperationRef, StepRef } from './refs.js';
import { openSnapshot, type OpenSnapshot } from './snapshotFile.js';
import { withMachine } from './targets.js';

/** Steps that are marked with the restore they belong to. */
export const RESTORE_STEPS: ReadonlySet<StepName> = new Set<StepName>([
  ...(['kubernetes-stop', 'etcd-restore', 'control-plane-restore'] as const),
  ...(['node-prune', 'control-plane-reset'] as const),
]);

interface PlannedRestore {
  id: string;
  args: Record<string, string>;
  /** Its id. */
  snapshot: string;
  /** The hostname of the control plane that gets the data. */
  leader: string | undefined;
  /** Hostnames of the control planes that join that one anew. */
  others: string[];
}

/** From here on the cluster is not what it was, and the next taskset ends the restore whatever else it does. */
export async function beginRestore(deps: ActivityDeps, ref: StepRef): Promise<void> {
  const planned = await plannedRestore(deps, ref);
  const { id, args, snapshot, leader } = planned;
  const before = await restoringOf(deps, ref);
  const turn = (goesOn(before, planned) ? before?.turn : undefined) ?? ref.tasksetId;
  await deps.store.clusters.setApplied(ref.clusterId, {
    restoring: { id, args, ...(leader === undefined ? {} : { leader }), turn },
  });
  await setCondition(deps, ref, {
    type: ConditionType.Ready,
    status: ConditionStatus.False,
    reason: `the snapshot ${snapshot} is being restored`,
  });
}

/** What a step of a restore is given; the machine that gets the data has the snapshot when this resolves. */
export async function restoreContext(
  deps: ActivityDeps,
  { ref, loaded, on }: { ref: StepRef; loaded: LoadedCluster; on: NodeSpec },
): Promise<RestoreContext> {
  const { id, snapshot, others } = await plannedRestore(deps, ref);
  // A control plane that the spec takes away leaves in an operation of its own, by its node.
  const known = (await deps.store.nodes.list(ref.clusterId))
    .filter(({ joined }) => joined)
    .map(({ hostname }) => hostname);
  // One that an older plinth has begun, and that is still under way, has marked machines by its id alone.
  const { turn = id } = (await restoringOf(deps, ref)) ?? {};
  const context = { id, turn, others, keep: known.filter((name) => !others.includes(name)) };
  if (ref.step !== 'etcd-restore') return context;
  const opened = await openSnapshot(deps, ref.clusterId, snapshot);
  await sendSnapshot(deps, { ref, loaded, on, opened });
  const { sha256, packedSha256 } = opened.record;
  return { ...context, snapshot: { sha256, packedSha256, keys: opened.keys } };
}

/** It has begun, and the same machine is to get the data. */
export function goesOn(
  restoring: Restoring | null | undefined,
  { id, leader }: Pick<PlannedRestore, 'id' | 'leader'>,
): boolean {
  return restoring?.id === id && restoring.leader === leader;
}

async function restoringOf(deps: ActivityDeps, ref: OperationRef): Promise<Restoring | undefined> {
  return (await deps.store.clusters.head(ref.clusterId))?.applied.restoring ?? undefined;
}

/** As its taskset was planned. @throws AppError Internal where the operation is no restore. */
export async function plannedRestore(
  deps: ActivityDeps,
  ref: OperationRef,
): Promise<PlannedRestore> {
  const taskset = await deps.store.tasksets.get(ref.clusterId, ref.tasksetId);
  const operation = taskset?.plan[ref.operationIndex];
  if (operation?.asked === undefined) {
    throw new AppError(ErrorCode.Internal, 'the taskset does not say what is to be restored');
  }
  const { id, args = {} } = operation.asked;
  const on = (wanted: NodePath): string[] =>
    operation.nodes.filter(({ path }) => path === wanted).map(({ hostname }) => hostname);
  const [leader] = on('restore-leader');
  return {
    ...{ id, args, snapshot: args['snapshot'] ?? '' },
    ...{ leader, others: on('restore-control-plane') },
  };
}

/** By its sum, resumed where it was cut, verified on arrival; the step removes it. */
async function sendSnapshot(
  deps: ActivityDeps,
  of: { ref: OperationRef; loaded: LoadedCluster; on: NodeSpec; opened: OpenSnapshot },
): Promise<void> {
  const { ref, loaded, on, opened } = of;
  if (!isControlPlane(on)) {
    throw new AppError(ErrorCode.Internal, `${on.hostname} is no control plane`);
  }
  const { id, packedSha256: sha256, packedSize: size, kubernetesVersion } = opened.record;
  const artifact: Artifact = {
    ...{ path: `snapshots/${id}.gz`, sha256, size, kind: 'package', name: 'etcd-snapshot' },
    ...{ version: kubernetesVersion, arch: 'all' },
  };
  const query = { ...ref, spec: loaded.record.desired.spec, node: on };
  await withMachine(deps, query, (session) =>
    session.ensureArtifacts([artifact], (_artifact, from) => Readable.from(opened.read(from))),
  );
}
