import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import { isMember, plan, type AppliedNode, type AppliedState, type DesiredState } from './plan.js';
import { joiningPaths } from './steps.js';
import { OperationName } from './words.js';

/*
 * A plan is made of whatever is recorded: flags that no life of a cluster is known to bring together, and specs that the API
 * would refuse.
 */

const VERSIONS = ['v1.34.4', 'v1.35.2', 'v1.36.1'];
const CALICO = ['3.28.5', '3.31.2', '3.32.1'];
const NUMBERS = [1, 2, 3, 4, 5];

const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined });

function defined<T extends object>(of: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(of).filter(([, value]) => value !== undefined),
  ) as ReturnType<typeof defined<T>>;
}

const roles = fc.constantFrom<NodeSpec['roles']>(
  ['ControlPlane', 'Worker'],
  ['ControlPlane'],
  ['Worker'],
);

const nodeSpecs = fc
  .tuple(fc.shuffledSubarray(NUMBERS), fc.array(roles, { minLength: 5, maxLength: 5 }))
  .map(([numbers, all]) =>
    numbers.map((number) => fixtureNode(number, { roles: all[number - 1] ?? ['Worker'] })),
  );

const specs: fc.Arbitrary<ClusterSpec> = fc
  .record({
    nodes: nodeSpecs,
    kubernetesVersion: fc.constantFrom(...VERSIONS),
    calico: fc.constantFrom(...CALICO),
    blueprint: fc.constantFrom({ name: 'default' }, { name: 'minimal' }),
    kubeletExtraArgs: maybe(fc.constant({ 'max-pods': '70' })),
  })
  .map(({ nodes, kubernetesVersion, calico, blueprint, kubeletExtraArgs }) => {
    const { spec } = fixtureCluster();
    const network = { ...spec.config.network, cni: { name: 'Calico' as const, version: calico } };
    const config = { ...spec.config, kubernetesVersion, network, nodes };
    return { ...spec, blueprint, config: { ...config, ...defined({ kubeletExtraArgs }) } };
  });

const flags = fc
  .record({
    claimed: fc.boolean(),
    joined: fc.boolean(),
    leader: fc.boolean(),
    leaving: maybe(fc.boolean()),
    orphaned: maybe(fc.boolean()),
    failed: maybe(fc.boolean()),
    cordoned: maybe(fc.boolean()),
    wasControlPlane: maybe(fc.boolean()),
    kubernetesVersion: maybe(fc.constantFrom(...VERSIONS)),
    parts: maybe(fc.constantFrom('default' as const, 'minimal' as const)),
    endpoint: maybe(fc.constantFrom('', '10.77.0.11:6443')),
    certificatesExpireAt: maybe(fc.constant('2027-11-28T00:00:00Z')),
  })
  .map(defined);

const appliedNodes: fc.Arbitrary<AppliedNode[]> = fc
  .tuple(nodeSpecs, fc.array(flags, { minLength: 5, maxLength: 5 }))
  .map(([nodes, all]) =>
    nodes.map((spec, index) => ({ hostname: spec.hostname, spec, ...all[index]! })),
  );

const states: fc.Arbitrary<AppliedState> = fc
  .record({
    initialised: fc.boolean(),
    created: fc.boolean(),
    spec: maybe(specs),
    blueprint: maybe(fc.constantFrom({ name: 'default' }, { name: 'gone', version: '1' })),
    kubernetesVersion: maybe(fc.constantFrom(...VERSIONS)),
    network: maybe(
      fc
        .record({ version: fc.constantFrom(...CALICO), begun: maybe(fc.boolean()) })
        .map((network) => ({ ...defined(network) })),
    ),
    kubelet: maybe(fc.constantFrom('', '{"maxPods":70}')),
    metadataBegun: maybe(fc.boolean()),
    blueprintBegun: maybe(fc.boolean()),
    placement: maybe(fc.constantFrom('', '{}')),
    restoring: maybe(fc.constant({ id: 'r1', args: { snapshot: 's1' } })),
    nodes: appliedNodes,
  })
  .map(defined);

const asked = fc.subarray([
  { id: 's1', kind: 'snapshot' as const, askedAt: '1', retries: 1 },
  { id: 'r2', kind: 'restore' as const, askedAt: '2', retries: 1, args: { snapshot: 's1' } },
  { id: 'n1', kind: 'renew-certificates' as const, askedAt: '3', retries: 1 },
]);

const desired: fc.Arbitrary<DesiredState> = fc
  .record({
    spec: specs,
    deleting: fc.boolean(),
    force: maybe(fc.boolean()),
    available: maybe(fc.subarray(VERSIONS)),
    sync: maybe(fc.constant(1)),
    asked: maybe(asked),
  })
  .map(defined);

const check = (property: (applied: AppliedState, wanted: DesiredState) => void): void => {
  fc.assert(fc.property(states, desired, property), { numRuns: 3_000 });
};

describe('a plan, of whatever is recorded and whatever is wanted', () => {
  it('names no node twice for the same path of an operation', () => {
    check((applied, wanted) => {
      for (const { name, nodes, leave } of plan(applied, wanted)) {
        const tasks = nodes.map(({ hostname, path }) => `${hostname} ${path}`);
        expect(tasks, name).toEqual([...new Set(tasks)]);
        expect(leave, name).toEqual([...new Set(leave)]);
      }
    });
  });

  it('has no node join that is a member and stays', () => {
    check((applied, wanted) => {
      const names = new Set(wanted.spec.config.nodes.map(({ hostname }) => hostname));
      const stay = applied.nodes.filter((node) => isMember(node) && names.has(node.hostname));
      for (const { name, nodes } of plan(applied, wanted)) {
        // One that goes on finds those that have joined.
        if (name === OperationName.ClusterCreation) continue;
        const join = nodes.filter(({ path }) => joiningPaths.has(path));
        for (const { hostname } of stay) {
          expect(join, name).not.toContainEqual(expect.objectContaining({ hostname }));
        }
      }
    });
  });

  it('does not depend on the order of nodes', () => {
    check((applied, wanted) => {
      const { spec } = wanted;
      const config = { ...spec.config, nodes: spec.config.nodes.toReversed() };
      const backwards = { ...applied, nodes: applied.nodes.toReversed() };
      expect(plan(backwards, { ...wanted, spec: { ...spec, config } })).toEqual(
        plan(applied, wanted),
      );
    });
  });

  it('creates no cluster without a control plane', () => {
    check((applied, wanted) => {
      const nodes = wanted.spec.config.nodes.map((node) => ({ ...node, roles: ['Worker'] }));
      const spec = { ...wanted.spec, config: { ...wanted.spec.config, nodes } } as ClusterSpec;
      const operations = plan({ ...applied, created: false }, { ...wanted, spec, deleting: false });
      expect(operations.map(({ name }) => name).filter((name) => name !== 'NodeRemoval')).toEqual(
        [],
      );
    });
  });
});
