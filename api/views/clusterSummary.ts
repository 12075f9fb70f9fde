import { clusterState, type ClusterState } from '../../core/clusterState.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import { NodeStatus, type ProvisionStatus } from '../../core/words.js';
import { withMicroseconds } from './clusterView.js';

/** What a row of a table of clusters says. */
export interface ClusterSummary {
  name: string;
  id: string;
  state: ClusterState;
  /** Why it is in that state. */
  reason: string;
  provisionStatus: ProvisionStatus;
  kubernetesVersion: string;
  /** What runs, where it is another version than the one that is wanted. */
  appliedVersion?: string;
  blueprint: { name: string; version?: string };
  nodes: { ready: number; total: number };
  labels: Record<string, string>;
  createdAt: string;
  modifiedAt: string;
}

export function clusterSummary(
  record: ClusterRecord,
  nodes: readonly Pick<NodeRecord, 'hostname' | 'status'>[],
): ClusterSummary {
  const { name, id, provisionStatus, desired, applied, createdAt, modifiedAt } = record;
  const { config, blueprint } = desired.spec;
  const wanted = new Set(config.nodes.map(({ hostname }) => hostname));
  const ready = nodes.filter(
    ({ hostname, status }) => status === NodeStatus.Ready && wanted.has(hostname),
  );
  const runs = applied.kubernetesVersion;
  return {
    ...{ name, id, ...clusterState(record), provisionStatus },
    kubernetesVersion: config.kubernetesVersion,
    ...(runs === undefined || runs === config.kubernetesVersion ? {} : { appliedVersion: runs }),
    blueprint,
    nodes: { ready: ready.length, total: wanted.size },
    labels: desired.metadata.labels ?? {},
    createdAt,
    modifiedAt: withMicroseconds(modifiedAt),
  };
}
