import fc from 'fast-check';

import { AskedKind } from '../../core/askedOperations.js';
import type { ResolvedBlueprint } from '../../core/blueprints.js';
import type { ClusterSpec, NodeSpec, SystemComponentsPlacement } from '../../core/cluster.js';
import { fixtureCluster, fixtureNode } from '../fixtures/cluster.js';

/*
 * What may be asked of a cluster, one after another. Few values of everything, so that a spec comes back to what an
 * earlier one had.
 */

const CONTROL_PLANES = [1, 2, 3];
const WORKERS = [5, 6, 7];
export const MACHINES = [...CONTROL_PLANES, ...WORKERS].map((number) => `m${String(number)}`);
export const VERSIONS = ['v1.34.4', 'v1.35.2', 'v1.36.1'] as const;

/** The last one alone goes with the last Kubernetes. */
const CALICO = ['3.28.5', '3.31.2', '3.32.1'] as const;

/** Versions of the blueprint `own`; the first two are there from the beginning. */
export const OWN: readonly ResolvedBlueprint[] = [
  { name: 'own', version: 'v1', base: 'minimal', driftPolicy: 'Correct' },
  { name: 'own', version: 'v2', base: 'default', driftPolicy: 'Report' },
  { name: 'own', version: 'v3', base: 'minimal', driftPolicy: 'Report' },
  { name: 'own', version: 'v4', base: 'default', driftPolicy: 'Correct' },
];

const TAINTS: NodeSpec['taints'][] = [
  undefined,
  [{ key: 'only', value: 'this', effect: 'NoSchedule' }],
  [{ key: 'only', value: 'this', effect: 'NoExecute' }],
];

const maybe = <T>(value: T): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, value);

function defined<T extends object>(of: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(of).filter(([, value]) => value !== undefined),
  ) as ReturnType<typeof defined<T>>;
}

const node = (number: number): fc.Arbitrary<NodeSpec> =>
  fc
    .record({
      labels: maybe({ of: 'a' }),
      annotations: maybe({ note: 'b' }),
      taints: fc.constantFrom(...TAINTS),
      kubeletExtraArgs: maybe({ v: '4' }),
      kubeletConfigurationOverrides: maybe('maxPods: 9'),
    })
    .map((set) =>
      fixtureNode(number, {
        roles: CONTROL_PLANES.includes(number) ? ['ControlPlane', 'Worker'] : ['Worker'],
        ...defined(set),
      }),
    );

const nodes = fc
  .tuple(fc.subarray(CONTROL_PLANES, { minLength: 1 }), fc.subarray(WORKERS))
  .chain(([controlPlanes, workers]) => fc.tuple(...[...controlPlanes, ...workers].map(node)));

const PLACED: SystemComponentsPlacement = { nodeSelector: { of: 'a' } };

const blueprint = fc.constantFrom<ClusterSpec['blueprint']>(
  ...[{ name: 'default' }, { name: 'minimal' }, { name: 'own' }],
  ...[
    { name: 'own', version: 'v1' },
    { name: 'own', version: 'v2' },
    { name: 'own', version: 'latest' },
  ],
);

const anySpec: fc.Arbitrary<ClusterSpec> = fc
  .record({
    nodes,
    blueprint,
    location: maybe('cellar'),
    systemComponentsPlacement: maybe(PLACED),
    kubeletConfigurationOverrides: maybe('maxPods: 50'),
    kubeletExtraArgs: maybe({ 'max-pods': '70' }),
  })
  .map(({ blueprint: of, systemComponentsPlacement, ...config }) => {
    const { spec } = fixtureCluster();
    return {
      ...{ ...spec, blueprint: of, config: { ...spec.config, ...defined(config) } },
      ...defined({ systemComponentsPlacement }),
    };
  });

/** A few specs, with a difference in one thing only as often as in all. */
export const specs = fc
  .tuple(anySpec, anySpec, nodes)
  .map(([first, other, others]): readonly ClusterSpec[] => [
    ...[first, other],
    { ...first, config: { ...first.config, nodes: others } },
    { ...other, config: first.config },
  ]);

/** What happens before a taskset. */
export interface Turn {
  /** Which of the specs is submitted; absent: none. */
  spec?: ClusterSpec;
  force: boolean;
  /** Machines that do not answer until the next turn. */
  away: readonly string[];
  publish: boolean;
  sync: boolean;
  retry: boolean;
  asks: readonly AskedKind[];
}

const rarely = fc.integer({ min: 0, max: 3 }).map((n) => n === 0);

const turn = fc.record({
  which: fc.option(fc.nat({ max: 3 }), { freq: 4 }),
  version: fc.nat({ max: VERSIONS.length - 1 }),
  calico: fc.nat({ max: CALICO.length - 1 }),
  force: fc.boolean(),
  away: fc.oneof(fc.constant([]), fc.subarray(MACHINES, { maxLength: 2 })),
  publish: rarely,
  sync: rarely,
  retry: rarely,
  asks: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.subarray(Object.values(AskedKind), { minLength: 1 }) },
  ),
});

/** Neither Kubernetes nor Calico is ever downgraded: an apply that says so is refused. The first turn has a spec. */
export const lives: fc.Arbitrary<Turn[]> = fc
  .tuple(specs, fc.array(turn, { minLength: 1, maxLength: 6 }))
  .map(([all, turns]) => {
    const versions = turns.map(({ version }) => version).toSorted((a, b) => a - b);
    const calicos = turns.map(({ calico }) => calico).toSorted((a, b) => a - b);
    return turns.map(({ which, version: _version, calico: _calico, ...rest }, index) => {
      const chosen = all[which ?? (index === 0 ? 0 : all.length)];
      if (chosen === undefined) return rest;
      const kubernetesVersion = VERSIONS[versions[index] ?? 0] ?? '';
      const cni = { name: 'Calico', version: CALICO[calicos[index] ?? 0] ?? '' };
      const network = { ...chosen.config.network, cni };
      const config = { ...chosen.config, kubernetesVersion, network };
      return { ...rest, spec: { ...chosen, config } };
    });
  });
