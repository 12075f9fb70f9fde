import { AskedKind } from '../core/askedOperations.js';
import { renewalBy } from '../core/certificates.js';
import type { UpkeepKey } from '../core/upkeep.js';
import { askDue, type DueDeps } from './askDue.js';

/**
 * One page of the clusters of which a certificate ends within so many days: each is asked for a renewal. Within a day
 * nobody is asked twice; one that failed is asked for again on the next.
 */
export async function askDueRenewals(
  deps: DueDeps,
  of: { now: Date; days: number; limit: number; after?: UpkeepKey },
): Promise<{ asked: number; next?: UpkeepKey }> {
  const { now, days, limit, after } = of;
  const by = renewalBy(now, days);
  const { items, next } = await deps.store.certificates.due(by, {
    limit,
    ...(after === undefined ? {} : { after }),
  });
  const id = `auto-certificates-${now.toISOString().slice(0, 10)}`;
  const args = { expireBy: by.toISOString() };
  const asked = await askDue(deps, items, { id, kind: AskedKind.RenewCertificates, args });
  return { asked, ...(next === undefined ? {} : { next }) };
}
