import fc from 'fast-check';
import { expect, test } from 'vitest';

import { lives, type Turn } from '../test/plan/anyLife.js';
import { dayText, YEAR } from '../test/plan/operationCarrier.js';
import type { PlanWorld } from '../test/plan/planWorld.js';
import { begin, cutting, failing, newWorld, quiet, weatherOf } from '../test/plan/turns.js';
import { openAsked, type AskedOperation } from './askedOperations.js';
import type { ClusterSpec } from './cluster.js';
import { isControlPlane, isMember } from './plan.js';

/*
 * What is asked for beside the spec, in the life of a cluster whose tasksets fail, or are cut off and gone on with, or
 * have another one take their place.
 */

interface Life {
  turns: readonly Turn[];
  failures: readonly number[];
  cuts: readonly number[];
}

/** Gives what may not be lost: what waits, and what failed and was neither forgotten nor replaced by design. */
async function live({ turns, failures, cuts }: Life, world: PlanWorld): Promise<ClusterSpec> {
  const [weather, cut] = [weatherOf(failures), weatherOf(cuts)];
  let spec: ClusterSpec | undefined;
  for (const turn of turns) {
    const before = world.asked;
    spec = begin(world, turn, spec);
    const asked = new Map([...before.entries, ...world.asked.entries].map((of) => [of.id, of]));
    const replaced = (of: AskedOperation): boolean =>
      !world.asked.entries.some(({ id }) => id === of.id);
    const well = await world.work(weather, cut);
    for (const of of asked.values()) {
      const times = world.doneAsked.get(of.id) ?? 0;
      expect(times, of.id).toBeLessThanOrEqual(1);
      const left = world.asked.entries.some(({ id }) => id === of.id);
      const forgotten = replaced(of) || (well && of.failed === true);
      // Done, or still there.
      expect(times === 1 || left || forgotten, of.id).toBe(true);
    }
  }
  return spec!;
}

const anyLife = fc.record({ turns: lives, failures: failing, cuts: cutting });

test('what is asked for is not lost, and not done again once it was done', async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, async (life) => {
      const world = newWorld();
      await live(life, world);
      world.away = new Set();
      world.retry();
      const open = openAsked(world.asked.entries);
      for (let more = 0; more < 4 && world.asked.entries.length > 0; more += 1) {
        await world.work(quiet);
        // What a taskset that was cut off could not do is asked for again, like anything else that failed.
        const left = openAsked(world.asked.entries);
        if (left.length === 0) world.retry();
      }
      expect(world.asked.entries).toEqual([]);
      for (const { id } of open) expect(world.doneAsked.get(id), id).toBe(1);
      expect([...world.doneAsked.values()].every((times) => times === 1)).toBe(true);
    }),
    { numRuns: 800 },
  );
}, 60_000);

test('a renewal that was asked for renews every control plane, or those that are due', async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, fc.nat({ max: 3 }), fc.boolean(), async (life, days, byClock) => {
      const world = newWorld();
      const spec = await live(life, world);
      world.away = new Set();
      world.retry();
      for (let more = 0; !world.isObserved && more < 4; more += 1) await world.work(quiet);
      fc.pre(world.applied.created);
      const by = world.day + YEAR - days;
      world.ask('renew-certificates', byClock ? { expireBy: dayText(by) } : {});
      const before = new Map(world.live.certified);
      const unknown = new Set(
        world.applied.nodes
          .filter(({ certificatesExpireAt }) => certificatesExpireAt === undefined)
          .map(({ hostname }) => hostname),
      );
      expect(await world.work(quiet)).toBe(true);
      const members = world.applied.nodes.filter((of) => isMember(of) && isControlPlane(of.spec));
      expect(members.length).toBe(spec.config.nodes.filter(isControlPlane).length);
      for (const { hostname, certificatesExpireAt } of members) {
        const had = before.get(hostname) ?? 0;
        // One that joined and was not waited for has told nobody until when it has its own.
        const isDue = !byClock || had + YEAR <= by || unknown.has(hostname);
        expect(world.live.certified.get(hostname)).toBe(isDue ? world.day : had);
        expect(certificatesExpireAt).toBe(dayText((isDue ? world.day : had) + YEAR));
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);
