import type { AuditAction } from '../core/auditActions.js';
import type { ClusterRecord } from '../core/records.js';
import type { AskedWork, AuditRecord } from '../store/auditStore.js';
import { principalOf, type ApiContext } from './env.js';

type AuditedChange = Pick<AuditRecord, 'resource' | 'summary' | 'project'> & {
  action: AuditAction;
  /** The cluster as the change left it, where there is work to do. Recorded before its workflow is told. */
  asks?: ClusterRecord;
};

/**
 * Records a change that was made. A record that cannot be written goes to the log instead: what was done is
 * done, and a client that was told otherwise would do it again.
 */
export async function audit(c: ApiContext, what: AuditedChange): Promise<void> {
  const principal = principalOf(c);
  await auditAs(c, `${principal.name} (${principal.keyId})`, what);
}

/** The same for a change that was made without an API key. */
export async function auditAs(
  c: ApiContext,
  actor: string,
  { asks, ...what }: AuditedChange,
): Promise<void> {
  const record: AuditRecord = {
    at: new Date().toISOString(),
    actor,
    requestId: c.get('requestId'),
    ...what,
  };
  try {
    await c.var.deps.store.audit.append(record, asks && workOf(asks));
  } catch (error) {
    c.var.deps.log.error({ err: error, audit: record }, 'audit record not stored');
  }
}

function workOf({ id, generation, retries }: ClusterRecord): AskedWork {
  return { clusterId: id, generation, retries };
}
