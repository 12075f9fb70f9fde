import fc from 'fast-check';

import { AskedKind } from '../../core/askedOperations.js';
import type { ClusterSpec } from '../../core/cluster.js';
import { minorOf } from '../../core/matrix.js';
import { OWN, VERSIONS, type Turn } from './anyLife.js';
import { PlanWorld, type Weather } from './planWorld.js';

export const quiet: Weather = () => false;
/** Of all that is tried, the ones that fail, by their places. */
export const failing = fc.uniqueArray(fc.nat({ max: 250 }), { maxLength: 25 });
export const cutting = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 2 });

export function weatherOf(places: readonly number[]): Weather {
  const set = new Set(places);
  let place = 0;
  return () => set.has(place++);
}

export function newWorld(): PlanWorld {
  return new PlanWorld({ published: OWN.slice(0, 2), available: VERSIONS });
}

/** What is asked for before the taskset of a turn. Gives the spec that is desired from then on. */
export function begin(world: PlanWorld, of: Turn, before: ClusterSpec | undefined): ClusterSpec {
  const spec = of.spec ?? before;
  if (spec === undefined) throw new Error('nothing was ever desired');
  world.away = new Set(of.away);
  const next = OWN[world.published.length];
  if (of.publish && next !== undefined) world.publish(next);
  if (of.spec !== undefined) world.submit(of.spec, { force: of.force });
  if (of.retry) world.retry();
  if (of.sync) world.sync();
  for (const kind of of.asks) askFor(world, kind);
  return spec;
}

function askFor(world: PlanWorld, kind: AskedKind): void {
  if (kind !== AskedKind.Restore) return void world.ask(kind);
  if (!world.applied.created) return;
  const runs = minorOf(world.applied.kubernetesVersion ?? '');
  const fit = [...world.snapshots].filter(([, { version }]) => minorOf(version) === runs);
  const [snapshot] = fit.at(-1) ?? [];
  if (snapshot !== undefined) world.ask(kind, { snapshot });
}
