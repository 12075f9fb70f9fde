import type { AuditRecord } from '../store/types.js';
import { principalOf, type ApiContext } from './env.js';

/**
 * Records a change that was made. A record that cannot be written goes to the log instead: what was done is
 * done, and a client that was told otherwise would do it again.
 */
export async function audit(
  c: ApiContext,
  what: Pick<AuditRecord, 'action' | 'resource' | 'summary' | 'project'>,
): Promise<void> {
  const principal = principalOf(c);
  const record: AuditRecord = {
    at: new Date().toISOString(),
    actor: `${principal.name} (${principal.keyId})`,
    requestId: c.get('requestId'),
    ...what,
  };
  try {
    await c.var.deps.store.audit.append(record);
  } catch (error) {
    c.var.deps.log.error({ err: error, audit: record }, 'audit record not stored');
  }
}
