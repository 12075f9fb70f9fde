import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { lives, MACHINES, specs } from '../test/plan/anyLife.js';
import { wantedLive } from '../test/plan/liveCluster.js';
import type { PlanWorld } from '../test/plan/planWorld.js';
import { begin, cutting, failing, newWorld, quiet, weatherOf } from '../test/plan/turns.js';
import type { ClusterSpec } from './cluster.js';
import { plan } from './plan.js';

/*
 * Whatever is asked one after another, and whatever fails in between: once a taskset goes well, the cluster is what the
 * last spec says. Held to a model that carries plans out as the workflows do.
 */

/** Of a machine that has much else to do. */
const LONG_MS = 90_000;

/** Whole again: nobody's machine is away, nothing fails. */
async function settle(world: PlanWorld, spec: ClusterSpec): Promise<void> {
  world.away = new Set();
  world.submit(spec);
  world.retry();
  // What was cut off comes to its end first, and need not be well.
  let well = await world.work(quiet);
  for (let more = 0; !world.isObserved && more < 3; more += 1) well = await world.work(quiet);
  expect(well).toBe(true);
}

function expectWhole(world: PlanWorld, spec: ClusterSpec): void {
  const { live, applied } = world;
  const wanted = wantedLive(spec, world.resolve(spec));
  expect(Object.fromEntries(live.nodes)).toEqual(wanted.nodes);
  expect(live.data).toMatchObject(wanted.data);
  if (wanted.needsParts) expect([...live.parts]).toEqual(expect.arrayContaining(names(spec)));
  if (world.resolve(spec)?.driftPolicy !== 'Report') expect(live.data.drifted).toBe(false);
  const kept = applied.nodes.filter(({ claimed, orphaned }) => claimed && orphaned !== true);
  expect(kept.map(({ hostname }) => hostname).toSorted()).toEqual(names(spec));
  const statuses = names(spec).map((name) => world.recorded.nodes.get(name)?.status);
  expect(new Set(statuses)).toEqual(new Set(['READY']));
  expect(plan(applied, world.desired(spec))).toEqual([]);
}

const names = ({ config }: ClusterSpec): string[] =>
  config.nodes.map(({ hostname }) => hostname).toSorted();

/** Nothing of ours is on a machine that nobody would clean. */
function expectNothingForgotten({ live, applied }: PlanWorld): void {
  const known = applied.nodes.filter(({ claimed }) => claimed).map(({ hostname }) => hostname);
  expect(known).toEqual(expect.arrayContaining([...live.machines.keys()]));
}

describe('a life of a cluster', () => {
  test(
    'ends with the last spec where nothing fails',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, async (turns) => {
          const world = newWorld();
          let spec: ClusterSpec | undefined;
          for (const turn of turns) {
            spec = begin(world, { ...turn, away: [] }, spec);
            expect(await world.work(quiet)).toBe(true);
            expectWhole(world, spec);
          }
        }),
        { numRuns: 150 },
      );
    },
    LONG_MS,
  );

  test(
    'ends with the last spec whatever has failed in between',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, failing, cutting, async (turns, failures, cuts) => {
          const world = newWorld();
          const weather = weatherOf(failures);
          const cut = weatherOf(cuts);
          let spec: ClusterSpec | undefined;
          for (const turn of turns) {
            spec = begin(world, turn, spec);
            const well = await world.work(weather, cut);
            expectNothingForgotten(world);
            if (well && world.isApplied) expectWhole(world, spec);
          }
          await settle(world, spec!);
          expectWhole(world, spec!);
        }),
        { numRuns: 900 },
      );
    },
    LONG_MS,
  );

  test(
    'comes back to a spec from another one, at whatever place each of them has failed once',
    async () => {
      const places = fc.record({ away: fc.nat(), back: fc.nat() });
      await fc.assert(
        fc.asyncProperty(specs, places, async ([spec, other, smaller], { away, back }) => {
          const to = away % 2 === 0 ? other! : smaller!;
          /** The life with a failure at these places of its last two tasksets. Gives how many there are in the last. */
          const live = async (...failures: (number | undefined)[]) => {
            const world = newWorld();
            await world.apply(spec!, quiet);
            let tried = 0;
            for (const [index, place] of failures.entries()) {
              tried = 0;
              await world.apply(index === 0 ? to : spec!, () => tried++ === place);
            }
            return { world, tried };
          };
          const first = away % Math.max(1, (await live(undefined)).tried);
          const second = back % Math.max(1, (await live(first, undefined)).tried);
          const { world } = await live(first, second);
          await settle(world, spec!);
          expectWhole(world, spec!);
        }),
        { numRuns: 500 },
      );
    },
    LONG_MS,
  );

  test(
    'with force goes on without the machines that it gives up, whatever has failed before',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, failing, fc.subarray(MACHINES), async (turns, failures, gone) => {
          const world = newWorld();
          const weather = weatherOf(failures);
          let spec: ClusterSpec | undefined;
          for (const turn of turns) {
            spec = begin(world, turn, spec);
            await world.work(weather);
          }
          await settle(world, spec!);
          // Some of those that stay have to be asked by, and to join.
          const config = spec!.config;
          const left = config.nodes.filter(({ hostname }) => !gone.includes(hostname));
          fc.pre(left.some(({ roles }) => roles.includes('ControlPlane')));
          const smaller = { ...spec!, config: { ...config, nodes: left } };
          world.away = new Set(gone);
          const lost = names(spec!).filter((name) => gone.includes(name));
          const force = { force: true };
          expect(await world.apply(smaller, quiet)).toBe(lost.length === 0);
          world.submit(smaller, force);
          world.retry(force);
          expect(await world.work(quiet)).toBe(true);
          expectWhole(world, smaller);
          expect([...world.live.machines.keys()]).toEqual(expect.arrayContaining(lost));
          expectNothingForgotten(world);
          // Wanted again, a machine that is back is cleaned and joins anew.
          world.away = new Set();
          expect(await world.apply(spec!, quiet)).toBe(true);
          expectWhole(world, spec!);
        }),
        { numRuns: 300 },
      );
    },
    LONG_MS,
  );

  test(
    'leaves nothing on any machine when it is deleted, but on those that were given up',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, failing, fc.subarray(MACHINES), async (turns, failures, gone) => {
          const world = newWorld();
          const weather = weatherOf(failures);
          let spec: ClusterSpec | undefined;
          for (const turn of turns) {
            spec = begin(world, turn, spec);
            await world.work(weather);
          }
          world.away = new Set(gone);
          const orphaned = (): string[] =>
            world.applied.nodes.flatMap((node) =>
              // One that was cleaned meanwhile is about to be forgotten.
              node.orphaned === true && node.claimed && !node.joined ? [node.hostname] : [],
            );
          const before = orphaned();
          await world.delete(weather);
          const there = [...world.live.machines.keys()];
          expect(there).toEqual(expect.arrayContaining(before));
          expect(await world.delete(quiet, { force: true })).toBe(true);
          const kept = there.filter((name) => gone.includes(name) || before.includes(name));
          expect([...world.live.machines.keys()].toSorted()).toEqual(kept.toSorted());
          expect(orphaned()).toEqual(expect.arrayContaining(kept));
        }),
        { numRuns: 400 },
      );
    },
    LONG_MS,
  );

  test(
    'does not depend on the order of nodes at any point of it',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, failing, async (turns, failures) => {
          const world = newWorld();
          const weather = weatherOf(failures);
          let spec: ClusterSpec | undefined;
          for (const turn of turns) {
            spec = begin(world, turn, spec);
            const other = {
              ...spec,
              config: { ...spec.config, nodes: spec.config.nodes.toReversed() },
            };
            const backwards = { ...world.applied, nodes: world.applied.nodes.toReversed() };
            const desired = world.desired(spec, turn.force);
            expect(plan(backwards, { ...desired, spec: other })).toEqual(
              plan(world.applied, desired),
            );
            await world.work(weather);
          }
        }),
        { numRuns: 200 },
      );
    },
    LONG_MS,
  );
});
