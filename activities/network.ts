import { createHash } from 'node:crypto';

import type { ClusterSpec } from '../core/cluster.js';
import type { AppliedCluster } from '../core/records.js';
import { OperationName } from '../core/words.js';
import { calicoManifest } from '../machine/manifests/calico.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import type { OperationRef, StepRef } from './refs.js';

type Network = NonNullable<AppliedCluster['network']>;

/** The cluster's network as its spec, the artifacts and this plinth would have it. */
export async function wantedNetwork(
  { source }: Pick<ActivityDeps, 'source'>,
  spec: ClusterSpec,
): Promise<Required<Pick<Network, 'version' | 'sha256'>>> {
  const text = calicoManifest(await source.manifest('calico-vxlan', spec), spec);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { version: spec.config.network.cni.version, sha256 };
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
  return (
    network?.begun !== true && network?.sha256 === (await wantedNetwork(deps, desired.spec)).sha256
  );
}

/** Before anything of it is applied: from here on there is no way back to an older version. */
export async function networkBegins(
  { store }: ActivityDeps,
  { clusterId, operation }: OperationRef,
  { record }: LoadedCluster,
): Promise<void> {
  const { version } = record.desired.spec.config.network.cni;
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

/** All of it is applied. */
export async function networkApplied(
  deps: ActivityDeps,
  { clusterId, operation }: OperationRef,
  { record }: LoadedCluster,
): Promise<void> {
  const network = await wantedNetwork(deps, record.desired.spec);
  await deps.store.clusters.setApplied(clusterId, {
    network: { ...network, begun: rollsOut(operation, record) },
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
