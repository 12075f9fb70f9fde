import { createHash } from 'node:crypto';

import type { ClusterSpec } from '../core/cluster.js';
import { OperationName } from '../core/words.js';
import { CALICO_MANIFEST, calicoManifest } from '../machine/manifests/calico.js';
import type { StepRunResult } from '../machine/types.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import type { OperationRef, StepRef } from './refs.js';

/** Of the manifest as the spec, the artifacts and this plinth would have it. */
async function wantedSum(
  { source }: Pick<ActivityDeps, 'source'>,
  spec: ClusterSpec,
): Promise<string> {
  const text = calicoManifest(await source.manifest(CALICO_MANIFEST, spec), spec);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Nothing has to be done: a sync finds the network as it was applied, a roll-out none that has begun. What people have
 * changed of it by hand stays, as long as nothing of ours has changed.
 */
export async function isNetworkDone(
  deps: Pick<ActivityDeps, 'source'>,
  { step, operation }: Pick<StepRef, 'step' | 'operation'>,
  { record: { applied, desired } }: LoadedCluster,
): Promise<boolean> {
  const { network } = applied;
  if (step === 'cni-rollout') return network?.begun === false;
  if (step !== 'cni' || operation !== OperationName.BlueprintSync) return false;
  if (network?.begun === true || network?.sha256 === undefined) return false;
  return network.sha256 === (await wantedSum(deps, desired.spec));
}

/**
 * Before anything of it is applied: from here on there is no way back to an older version. @throws AppError ArtifactMissing
 * where there is nothing to apply: then the way back stays open.
 */
export async function networkBegins(
  { store, source }: ActivityDeps,
  { clusterId, operation }: OperationRef,
  { record }: LoadedCluster,
): Promise<void> {
  const { spec } = record.desired;
  const { version } = spec.config.network.cni;
  await source.manifest(CALICO_MANIFEST, spec);
  await store.clusters.setApplied(clusterId, {
    network: { version, begun: rollsOut(operation, record) },
  });
}

/** The first one of a cluster is there with its nodes, and a restored one with them again: others are waited for. */
function rollsOut(
  operation: OperationName,
  { applied: { network } }: LoadedCluster['record'],
): boolean {
  return network?.begun === true || !WITH_NODES.has(operation);
}

const WITH_NODES: ReadonlySet<OperationName> = new Set([
  ...[OperationName.ClusterCreation, OperationName.ClusterRestore],
]);

/** All of it is applied: with the sum that the machine tells of what it was given. */
export async function networkApplied(
  { store }: ActivityDeps,
  { clusterId, operation }: OperationRef,
  { record }: LoadedCluster,
  { results }: Pick<StepRunResult, 'results'>,
): Promise<void> {
  const { version } = record.desired.spec.config.network.cni;
  const { manifestSum: sha256 } = results;
  await store.clusters.setApplied(clusterId, {
    network: {
      ...{ version, begun: rollsOut(operation, record) },
      ...(sha256 === undefined ? {} : { sha256 }),
    },
  });
}

/** It runs everywhere. */
export async function networkRolledOut(
  { store }: ActivityDeps,
  { clusterId }: OperationRef,
  { record: { applied } }: LoadedCluster,
): Promise<void> {
  const { network } = applied;
  if (network === undefined) return;
  await store.clusters.setApplied(clusterId, { network: { ...network, begun: false } });
}
