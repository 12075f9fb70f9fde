import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import { PlanWorld, wantedLive, type Weather } from '../test/plan/planWorld.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import { plan } from './plan.js';

/*
 * Whatever is applied one after another, and whatever fails in between: once a taskset goes well, the cluster is what the
 * last spec says. Held to a model that carries plans out as the workflows do.
 */

const CONTROL_PLANES = [1, 2, 3, 4];
const WORKERS = [5, 6, 7, 8];
const VERSIONS = ['v1.34.4', 'v1.35.4', 'v1.36.1'] as const;

const node = (number: number): fc.Arbitrary<NodeSpec> =>
  fc
    .record({
      label: fc.constantFrom('', 'a', 'b'),
      flag: fc.constantFrom('', '2', '4'),
      overrides: fc.constantFrom('', 'maxPods: 9'),
    })
    .map(({ label, flag, overrides }) =>
      fixtureNode(number, {
        roles: CONTROL_PLANES.includes(number) ? ['ControlPlane', 'Worker'] : ['Worker'],
        ...(label === '' ? {} : { labels: { of: label } }),
        ...(flag === '' ? {} : { kubeletExtraArgs: { v: flag } }),
        ...(overrides === '' ? {} : { kubeletConfigurationOverrides: overrides }),
      }),
    );

const nodes = fc
  .tuple(fc.subarray(CONTROL_PLANES, { minLength: 1 }), fc.subarray(WORKERS))
  .chain(([controlPlanes, workers]) => fc.tuple(...[...controlPlanes, ...workers].map(node)));

const anySpec: fc.Arbitrary<ClusterSpec> = fc
  .record({
    nodes,
    blueprint: fc.constantFrom('default', 'minimal'),
    shared: fc.constantFrom('', 'maxPods: 50', 'maxPods: 60'),
    flags: fc.constantFrom({}, { 'max-pods': '70' }),
  })
  .map((of) => {
    const { spec } = fixtureCluster();
    spec.blueprint = { name: of.blueprint };
    return {
      ...spec,
      config: {
        ...spec.config,
        nodes: of.nodes,
        kubeletExtraArgs: of.flags,
        ...(of.shared === '' ? {} : { kubeletConfigurationOverrides: of.shared }),
      },
    };
  });

/** Kubernetes is never downgraded: an apply that says so is refused. */
const sequences = fc
  .array(fc.tuple(anySpec, fc.nat({ max: VERSIONS.length - 1 })), { minLength: 1, maxLength: 5 })
  .map((all) => {
    const versions = all.map(([, version]) => version).toSorted();
    return all.map(([spec], index) => ({
      ...spec,
      config: { ...spec.config, kubernetesVersion: VERSIONS[versions[index] ?? 0] ?? '' },
    }));
  });

const quiet: Weather = () => false;
const failures = fc.infiniteStream(fc.integer({ min: 0, max: 11 }).map((n) => n === 0));

function expectWhole(world: PlanWorld, spec: ClusterSpec): void {
  const byName = (map: PlanWorld['live']) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  expect(byName(world.live)).toEqual(byName(wantedLive(spec)));
  expect(world.blueprint).toBe(spec.blueprint.name);
  expect(world.applied.nodes.map(({ hostname }) => hostname).toSorted()).toEqual(
    spec.config.nodes.map(({ hostname }) => hostname).toSorted(),
  );
  expect(plan(world.applied, { spec, deleting: false })).toEqual([]);
}

describe('a sequence of specs', () => {
  test('ends with the last one where nothing fails', () => {
    fc.assert(
      fc.property(sequences, (specs) => {
        const world = new PlanWorld();
        for (const spec of specs) {
          expect(world.apply(spec, quiet)).toBe(true);
          expectWhole(world, spec);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('ends with the last one whatever has failed in between', () => {
    fc.assert(
      fc.property(sequences, failures, (specs, stream) => {
        const world = new PlanWorld();
        const weather: Weather = () => stream.next().value as boolean;
        for (const spec of specs) world.apply(spec, weather);
        const last = specs.at(-1)!;
        expect(world.apply(last, quiet)).toBe(true);
        expectWhole(world, last);
      }),
      { numRuns: 400 },
    );
  });

  test('does not depend on the order of nodes at any point of it', () => {
    fc.assert(
      fc.property(sequences, failures, (specs, stream) => {
        const world = new PlanWorld();
        const weather: Weather = () => stream.next().value as boolean;
        for (const spec of specs) {
          const other = {
            ...spec,
            config: { ...spec.config, nodes: spec.config.nodes.toReversed() },
          };
          const backwards = { ...world.applied, nodes: world.applied.nodes.toReversed() };
          expect(plan(backwards, { spec: other, deleting: false })).toEqual(
            plan(world.applied, { spec, deleting: false }),
          );
          world.apply(spec, weather);
        }
      }),
      { numRuns: 150 },
    );
  });
});
