import { describe, expect, test } from 'vitest';

import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import { nodePaths } from './steps.js';
import { plan, type AppliedState, type OperationPlan } from './plan.js';

const ROLES: Partial<NodeSpec> = { roles: ['ControlPlane', 'Worker'] };
const NODES = [fixtureNode(1, ROLES), fixtureNode(2), fixtureNode(3)];

function specOf(
  kubernetesVersion: string,
  calico: string,
  nodes = NODES,
  more: Partial<ClusterSpec> = {},
): ClusterSpec {
  const { spec } = fixtureCluster();
  const network = { ...spec.config.network, cni: { name: 'Calico', version: calico } };
  const config = { ...spec.config, nodes, network, kubernetesVersion };
  return { ...spec, ...more, config };
}

function appliedOf(spec: ClusterSpec, more: Partial<AppliedState> = {}): AppliedState {
  return {
    ...{ initialised: true, created: true, spec, blueprint: spec.blueprint },
    kubernetesVersion: spec.config.kubernetesVersion,
    nodes: spec.config.nodes.map((node, index) => ({
      ...{ hostname: node.hostname, claimed: true, joined: true, leader: index === 0, spec: node },
      kubernetesVersion: spec.config.kubernetesVersion,
    })),
    ...more,
  };
}

const told = (operations: readonly OperationPlan[]): string[] =>
  operations.map(({ name, reason, nodes, kubernetesVersion = '', cniVersion = '' }) => {
    const paths = nodes.map(({ hostname, path }) => `${hostname}/${path}`).join(' ');
    return [name, reason, paths, kubernetesVersion, cniVersion].join('; ');
  });
const planned = (applied: AppliedState, spec: ClusterSpec): string[] =>
  told(plan(applied, { spec, deleting: false }));

const IMAGES = 'm1/network-images m2/network-images m3/network-images';
const NEXT_MINOR = 'm1/upgrade-first m2/upgrade-worker m3/upgrade-worker';

describe('Calico of another version', () => {
  const from = specOf('v1.34.4', '3.28.5');

  test('is on every node before its manifest is applied and rolled out', () => {
    const [operation, ...more] = plan(appliedOf(from), {
      ...{ spec: specOf('v1.34.4', '3.31.2'), deleting: false },
    });
    expect(more).toEqual([]);
    expect(operation).toEqual({
      ...{ name: 'ClusterUpgrade', reason: 'Calico 3.28.5 becomes 3.31.2', leave: [] },
      nodes: ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'network-images' })),
      clusterSteps: ['cni', 'cni-rollout'],
      kubernetesVersion: 'v1.34.4',
    });
  });

  test('is the same however it is spelled', () => {
    expect(planned(appliedOf(from), specOf('v1.34.4', 'v3.28.5'))).toEqual([]);
    expect(
      planned(appliedOf(from, { network: { version: 'v3.28.5' } }), specOf('v1.34.4', '3.28.5')),
    ).toEqual([]);
  });

  test('is gone on with where its roll-out had begun', () => {
    const begun = appliedOf(from, { network: { version: '3.31.2', begun: true } });
    expect(planned(begun, specOf('v1.34.4', '3.31.2'))).toEqual([
      `ClusterUpgrade; Calico 3.31.2 had begun to be rolled out; ${IMAGES}; v1.34.4; `,
    ]);
    const ended = appliedOf(from, { network: { version: '3.31.2', begun: false } });
    expect(planned(ended, specOf('v1.34.4', '3.31.2'))).toEqual([]);
  });

  test.each([
    ['before Kubernetes, where it goes with what runs', '3.28.5', '3.31.2', ['calico', 'v1.35.4']],
    ['after it, where it goes with no other', '3.30.1', '3.32.1', ['v1.34.4', 'calico', 'v1.35.4']],
  ])('comes %s', (_, was, is, order) => {
    const running = was === '3.30.1' ? 'v1.33.1' : 'v1.34.4';
    const operations = plan(appliedOf(specOf(running, was)), {
      ...{ spec: specOf('v1.35.4', is), deleting: false, available: ['v1.34.4', 'v1.35.4'] },
    });
    expect(
      operations.map(({ clusterSteps, kubernetesVersion }) =>
        clusterSteps.length > 0 ? 'calico' : kubernetesVersion,
      ),
    ).toEqual(order);
  });

  test('is another one than that of what comes before its turn', () => {
    expect(planned(appliedOf(specOf('v1.33.1', '3.30.1')), specOf('v1.34.4', '3.32.1'))).toEqual([
      `ClusterUpgrade; Kubernetes v1.33.1 becomes v1.34.4: m1, m2, m3; ${NEXT_MINOR}; v1.34.4; 3.30.1`,
      `ClusterUpgrade; Calico 3.30.1 becomes 3.32.1; ${IMAGES}; v1.34.4; `,
    ]);
  });

  test('is there before a node joins, and is not awaited by one that leaves', () => {
    const spec = specOf('v1.34.4', '3.31.2', [...NODES.slice(0, 2), fixtureNode(4)]);
    expect(planned(appliedOf(from), spec)).toEqual([
      'NodeRemoval; not in the spec any more: m3; m3/clean; ; 3.28.5',
      'ClusterUpgrade; Calico 3.28.5 becomes 3.31.2; m1/network-images m2/network-images; v1.34.4; ',
      'NodeAddition; not joined yet: m4; m4/added-worker; ; ',
    ]);
  });

  test('waits for other control planes where none of those that are there stays', () => {
    const spec = specOf('v1.34.4', '3.31.2', [fixtureNode(4, ROLES), ...NODES.slice(1)]);
    const operations = plan(appliedOf(from), { spec, deleting: false });
    expect(operations.map(({ name, cniVersion }) => [name, cniVersion])).toEqual([
      ['NodeAddition', '3.28.5'],
      ['NodeUpdate', '3.28.5'],
      ['NodeRemoval', '3.28.5'],
      ['ClusterUpgrade', undefined],
    ]);
    expect(operations.at(-1)?.nodes.map(({ hostname }) => hostname)).toEqual(['m2', 'm3', 'm4']);
  });
});

test('that had begun comes to its end before other control planes take the place of all that there are', () => {
  const from = specOf('v1.34.4', '3.28.5');
  const begun = appliedOf(from, { network: { version: '3.31.2', begun: true } });
  const spec = specOf('v1.34.4', '3.32.1', [fixtureNode(4, ROLES), ...NODES.slice(1)]);
  const operations = plan(begun, { spec, deleting: false });
  expect(operations.map(({ name, cniVersion }) => [name, cniVersion])).toEqual([
    ['ClusterUpgrade', '3.31.2'],
    ['NodeAddition', '3.31.2'],
    ['NodeUpdate', '3.31.2'],
    ['NodeRemoval', '3.31.2'],
    ['ClusterUpgrade', undefined],
  ]);
  expect(operations[0]?.nodes.map(({ hostname }) => hostname)).toEqual(['m1', 'm2', 'm3']);
});

test('control planes that take the place of all that there are join at what runs, not at what was applied last', () => {
  const nodes = [fixtureNode(4, ROLES), ...NODES.slice(1)];
  const behind = appliedOf(specOf('v1.34.4', '3.28.5'), { kubernetesVersion: 'v1.35.4' });
  // An upgrade that left one of the workers behind: the spec does not count as applied.
  const mixed = {
    ...behind,
    nodes: behind.nodes.map((node) => ({
      ...node,
      kubernetesVersion: node.hostname === 'm3' ? 'v1.34.4' : 'v1.35.4',
    })),
  };
  const spec = specOf('v1.35.4', '3.28.5', nodes);
  const upgrades = plan(mixed, { spec, deleting: false }).filter(
    ({ name }) => name === 'ClusterUpgrade',
  );
  expect(upgrades.map((each) => each.nodes)).toEqual([
    [{ hostname: 'm3', path: 'upgrade-worker' }],
  ]);
});

describe('the network of a creation that is not complete', () => {
  const spec = specOf('v1.34.4', '3.31.2');
  const creating = (network?: AppliedState['network']): AppliedState => ({
    ...appliedOf(spec, { created: false, ...(network === undefined ? {} : { network }) }),
  });

  test.each([undefined, { version: '3.31.2' }])('is that of the spec: %j', (network) => {
    const operations = plan(creating(network), { spec, deleting: false });
    expect(operations.map(({ name, cniVersion }) => [name, cniVersion])).toEqual([
      ['ClusterCreation', undefined],
      ['BlueprintSync', undefined],
    ]);
  });

  test('is rolled out where that had begun before all nodes had joined', () => {
    const begun = creating({ version: '3.31.2', begun: true });
    // Those that join then get the images of one version, and find its manifest.
    expect(planned(begun, spec)).toEqual([
      `ClusterUpgrade; Calico 3.31.2 had begun to be rolled out; ${IMAGES}; v1.34.4; `,
      expect.stringMatching(/^ClusterCreation;/),
      expect.stringMatching(/^BlueprintSync;/),
    ]);
    const none = { ...begun, nodes: begun.nodes.map((node) => ({ ...node, joined: false })) };
    expect(plan(none, { spec, deleting: false }).map(({ name }) => name)).toEqual([
      ...['ClusterCreation', 'ClusterUpgrade', 'BlueprintSync'],
    ]);
  });

  test('is ended with what it was begun with, and upgraded then', () => {
    const operations = plan(creating({ version: '3.28.5' }), { spec, deleting: false });
    expect(operations.map(({ name, cniVersion }) => [name, cniVersion])).toEqual([
      ['ClusterCreation', '3.28.5'],
      ['ClusterUpgrade', undefined],
      ['BlueprintSync', undefined],
    ]);
  });
});

test('a restored cluster gets the network that its nodes have the images of, before any of them has to be Ready', () => {
  const spec = specOf('v1.34.4', '3.28.5');
  const args = { snapshot: 's1' };
  const asked = [{ kind: 'restore', id: 'r1', args }] as never;
  const [restore] = plan(appliedOf(spec, { network: { version: '3.28.5' } }), {
    ...{ spec: specOf('v1.34.4', '3.31.2'), deleting: false, asked },
  });
  expect(restore).toMatchObject({ name: 'ClusterRestore', cniVersion: '3.28.5' });
  const steps = nodePaths['restore-leader'].map(({ name }) => name);
  expect(steps.slice(steps.indexOf('control-plane-restore'))).toEqual([
    ...['control-plane-restore', 'cni', 'node-prune', 'node-ready'],
  ]);
});
