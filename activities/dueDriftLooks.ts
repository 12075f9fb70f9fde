import type { UpkeepKey } from '../core/upkeep.js';
import type { ClusterKey } from '../store/clusterDue.js';
import { tell, type DueDeps } from './askDue.js';

const HOUR_MS = 3_600_000;
/** Of an hour: a pass begins some minutes sooner or later than the one before, and is to find it due all the same. */
const EARLY_MS = 10 * 60_000;

/**
 * A page of the clusters that their blueprint wants looked at by now: each is asked for a sync, which looks first and
 * puts back only where the blueprint's policy is to. Nobody is asked twice: who was asked is due so many hours later.
 */
export async function askDueDriftLooks(
  deps: DueDeps,
  { now, limit, after }: { now: Date; limit: number; after?: UpkeepKey },
): Promise<{ asked: number; next?: UpkeepKey }> {
  const { drift } = deps.store;
  // The key is the last blueprint of which nobody is due any more.
  const [blueprint] = await drift.blueprints({
    limit: 1,
    ...(after === undefined ? {} : { after: after.id }),
  });
  if (blueprint === undefined) return { asked: 0 };
  const { id, project, name, everyHours } = blueprint;
  const before = new Date(now.getTime() - everyHours * HOUR_MS + EARLY_MS);
  const due = await drift.due({ project, name, before, limit });
  const asked: ClusterKey[] = [];
  const reason = `blueprint ${name} is compared with what is live, by the clock`;
  for (const cluster of due) {
    if (await drift.ask(cluster.id, { before, now, reason })) asked.push(cluster);
  }
  await tell(deps, asked);
  const next = due.length < limit ? { by: '', id } : (after ?? { by: '', id: '' });
  return { asked: asked.length, next };
}
