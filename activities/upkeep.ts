import type { UpkeepKey, UpkeepPage, UpkeepTurn } from '../core/upkeep.js';
import type { DueDeps } from './askDue.js';
import type { ActivityDeps } from './deps.js';
import { askDueDriftLooks } from './dueDriftLooks.js';
import { askDueRenewals } from './dueRenewals.js';
import { askDueSnapshots } from './dueSnapshots.js';
import { heartbeating } from './heartbeat.js';

export type UpkeepDeps = ActivityDeps &
  DueDeps & {
    /** Days before its end that a certificate is renewed. */
    renewDays: number;
  };

/** Clusters asked for work in one page. */
const ASKED = 50;

/** One page of one part of the hourly work. Run again, it asks nobody twice. */
export async function upkeepPage(deps: UpkeepDeps, page: UpkeepPage): Promise<UpkeepTurn> {
  return heartbeating(() => turnOf(deps, page));
}

async function turnOf(deps: UpkeepDeps, { part, at, after }: UpkeepPage): Promise<UpkeepTurn> {
  const now = new Date(at);
  const page = { now, limit: ASKED, ...(after === undefined ? {} : { after }) };
  switch (part) {
    case 'snapshots':
      return snapshots(deps, page);
    case 'renewals':
      return askDueRenewals(deps, { ...page, days: deps.renewDays });
    case 'drift':
      return askDueDriftLooks(deps, page);
    case 'expiries':
      return { asked: 0 };
  }
}

async function snapshots(
  deps: UpkeepDeps,
  { now, limit, after }: { now: Date; limit: number; after?: UpkeepKey },
): Promise<UpkeepTurn> {
  const { asked, next } = await askDueSnapshots(deps, {
    ...{ now, limit },
    ...(after === undefined ? {} : { after: { dueAt: after.by, id: after.id } }),
  });
  return { asked, ...(next === undefined ? {} : { next: { by: next.dueAt, id: next.id } }) };
}
