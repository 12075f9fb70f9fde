import type { AuditAction } from '../core/auditActions.js';
import { NodeStatus } from '../core/words.js';
import type { ActivityDeps } from './deps.js';
import type { NodeRef } from './refs.js';

/** Who stands in the audit trail for what an apply or a deletion with `force` brings about. */
const BY_FORCE = 'force';

/**
 * A node that is out of the cluster, and whose machine could not be cleaned. It stays listed until the machine is
 * cleaned (it is wanted again) or a person dismisses it; of a cluster that goes, the audit trail keeps it.
 */
export async function orphanNode(
  { store }: ActivityDeps,
  { clusterId, project, name, tasksetId, hostname, reason }: NodeRef & { reason: string },
): Promise<void> {
  const node = await store.nodes.get(clusterId, hostname);
  if (node === undefined) return;
  const since = node.orphaned?.since ?? new Date().toISOString();
  const resource = `clusters/${name}/nodes/${hostname}`;
  // First: of a cluster that is deleted nothing else says that a machine was left as it was.
  await store.audit.appendOnce(`${clusterId}/${hostname}/orphaned/${tasksetId}`, {
    ...{ at: since, actor: BY_FORCE, action: 'node.orphan' satisfies AuditAction },
    ...{ project, resource },
    summary: `taskset ${tasksetId}: ${reason}`.slice(0, 1000),
  });
  await store.nodes.upsert(clusterId, hostname, {
    status: NodeStatus.Orphaned,
    ...{ claimed: true, joined: false, leaving: true },
    orphaned: { since, reason },
  });
}
