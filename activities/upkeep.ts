import type { UpkeepKey, UpkeepPage, UpkeepTurn } from '../core/upkeep.js';
import type { DueDeps } from './askDue.js';
import type { ActivityDeps } from './deps.js';
import { askDueDriftLooks } from './dueDriftLooks.js';
import { askDueRenewals } from './dueRenewals.js';
import { askDueSnapshots } from './dueSnapshots.js';
import { heartbeating } from './heartbeat.js';
import { readExpiries } from './readExpiries.js';

export type UpkeepDeps = ActivityDeps &
  DueDeps & {
    /** Days before its end that a certificate is renewed. */
    renewDays: number;
  };

/** Clusters asked for work in one page. */
const ASKED = 50;
/** Clusters whose machines are asked at once. */
const READ = 20;

/** One page of one part of the hourly work. Run again, it asks nobody twice. */
export async function upkeepPage(deps: UpkeepDeps, page: UpkeepPage): Promise<UpkeepTurn> {
  return heartbeating(() => turnOf(deps, page));
}

async function turnOf(deps: UpkeepDeps, { part, at, after }: UpkeepPage): Promise<UpkeepTurn> {
  const now = new Date(at);
  const page = { now, limit: ASKED, ...(after === undefined ? {} : { after }) };
  switch (part) {
    case 'snapshots':
      return askedTurn(await snapshots(deps, page));
    case 'renewals':
      return askedTurn(await askDueRenewals(deps, { ...page, days: deps.renewDays }));
    case 'drift':
      return askedTurn(await askDueDriftLooks(deps, page));
    case 'expiries': {
      const read = await readExpiries(deps, { now, limit: READ });
      // Who was asked is not among them any more: the next page begins where this one did.
      return { asked: 0, read, ...(read < READ ? {} : { next: { by: '', id: '' } }) };
    }
  }
}

async function snapshots(
  deps: UpkeepDeps,
  { now, limit, after }: { now: Date; limit: number; after?: UpkeepKey },
): Promise<{ asked: number; next?: UpkeepKey }> {
  const { asked, next } = await askDueSnapshots(deps, {
    ...{ now, limit },
    ...(after === undefined ? {} : { after: { dueAt: after.by, id: after.id } }),
  });
  return { asked, ...(next === undefined ? {} : { next: { by: next.dueAt, id: next.id } }) };
}

function askedTurn(turn: { asked: number; next?: UpkeepKey }): UpkeepTurn {
  return { ...turn, read: 0 };
}
