import { describe, expect, test } from 'vitest';

import type { ClusterConfig, ClusterSpec } from './cluster.js';
import { kubeletSettings, sharedKubelet } from './kubeletSettings.js';
import { plan, type AppliedNode, type AppliedState, type OperationPlan } from './plan.js';
import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';

type Change = (spec: ClusterSpec) => void;

function specOf(change: Change = () => undefined): ClusterSpec {
  const { spec } = fixtureCluster();
  change(spec);
  return spec;
}
const config =
  (set: Partial<ClusterConfig>): Change =>
  (spec) =>
    Object.assign(spec.config, set);

/** As after a taskset that ended well. */
function appliedOf(spec: ClusterSpec, change: Partial<AppliedState> = {}): AppliedState {
  return {
    ...{ initialised: true, created: true, spec, blueprint: spec.blueprint },
    ...{ kubernetesVersion: spec.config.kubernetesVersion, kubelet: sharedKubelet(spec) },
    nodes: spec.config.nodes.map((node, index): AppliedNode => ({
      ...{ hostname: node.hostname, claimed: true, joined: true, leader: index === 0, spec: node },
      kubelet: kubeletSettings(spec, node),
    })),
    ...change,
  };
}

const inShort = (operations: OperationPlan[]) =>
  operations.map(({ name, firstSteps = [], nodes }) => [
    ...[name, firstSteps.join()],
    nodes.map(({ hostname, path }) => `${hostname} ${path}`).join(', '),
  ]);
const ALL = 'm1 kubelet, m2 kubelet, m3 kubelet';

const cases: [string, Change, string[][]][] = [
  ['nothing', () => undefined, []],
  ['blanks around the overrides', config({ kubeletConfigurationOverrides: '\n' }), []],
  [
    "the cluster's configuration",
    config({ kubeletConfigurationOverrides: 'maxPods: 99' }),
    [['NodeUpdate', 'kubelet-config-upload', ALL]],
  ],
  ["the cluster's flags", config({ kubeletExtraArgs: { v: '4' } }), [['NodeUpdate', '', ALL]]],
  [
    "a node's flags",
    ({ config: { nodes } }) => nodes.splice(1, 1, fixtureNode(2, { kubeletExtraArgs: { v: '4' } })),
    [['NodeUpdate', '', 'm2 kubelet']],
  ],
  [
    "a node's configuration",
    ({ config: { nodes } }) =>
      nodes.splice(2, 1, fixtureNode(3, { kubeletConfigurationOverrides: 'maxPods: 9' })),
    [['NodeUpdate', '', 'm3 kubelet']],
  ],
  [
    'a new node with settings of its own',
    ({ config: { nodes } }) => nodes.push(fixtureNode(4, { kubeletExtraArgs: { v: '4' } })),
    [['NodeAddition', '', 'm4 added-worker']],
  ],
  [
    "the cluster's configuration, with a new node: it joins by what was uploaded before",
    (spec) => {
      config({ kubeletConfigurationOverrides: 'maxPods: 99' })(spec);
      spec.config.nodes.push(fixtureNode(4));
    },
    [
      ['NodeUpdate', 'kubelet-config-upload', ALL],
      ['NodeAddition', '', 'm4 added-worker'],
    ],
  ],
  [
    "the version and the cluster's flags: the new kubelets get them",
    config({ kubernetesVersion: 'v1.35.4', kubeletExtraArgs: { v: '4' } }),
    [
      ['ClusterUpgrade', '', 'm1 upgrade-first, m2 upgrade-worker, m3 upgrade-worker'],
      ['NodeUpdate', '', ALL],
    ],
  ],
  [
    "the cluster's flags, without a node: one that leaves is not given any",
    (spec) => {
      config({ kubeletExtraArgs: { v: '4' } })(spec);
      spec.config.nodes.pop();
    },
    [
      ['NodeRemoval', '', 'm3 clean'],
      ['NodeUpdate', '', 'm1 kubelet, m2 kubelet'],
    ],
  ],
];

describe('kubelet settings', () => {
  test.each(cases)('a change of %s', (_what, change, wanted) => {
    const operations = plan(appliedOf(specOf()), { spec: specOf(change), deleting: false });
    expect(inShort(operations)).toEqual(wanted);
  });

  test('a flag of the cluster that a node has of its own already changes nothing there', () => {
    const own: Change = ({ config: { nodes } }) =>
      nodes.splice(1, 1, fixtureNode(2, { kubeletExtraArgs: { v: '4' } }));
    const both: Change = (spec) => {
      own(spec);
      config({ kubeletExtraArgs: { v: '4' } })(spec);
    };
    const operations = plan(appliedOf(specOf(own)), { spec: specOf(both), deleting: false });
    expect(inShort(operations)).toEqual([['NodeUpdate', '', 'm1 kubelet, m3 kubelet']]);
  });

  test('of a change that failed half way only the others are left', () => {
    const before = specOf();
    const after = specOf(config({ kubeletExtraArgs: { v: '4' } }));
    const half = appliedOf(before);
    const nodes = half.nodes.map((node) =>
      node.hostname === 'm1' ? { ...node, kubelet: kubeletSettings(after, node.spec) } : node,
    );
    const goOn = plan({ ...half, nodes }, { spec: after, deleting: false });
    expect(inShort(goOn)).toEqual([['NodeUpdate', '', 'm2 kubelet, m3 kubelet']]);
    // Back to what was applied before: the one that has the new ones gets the old ones.
    const back = plan({ ...half, nodes }, { spec: before, deleting: false });
    expect(inShort(back)).toEqual([['NodeUpdate', '', 'm1 kubelet']]);
  });

  test('what was uploaded and came to no node is taken back', () => {
    const operations = plan(appliedOf(specOf(), { kubelet: 'maxPods: 99' }), {
      ...{ spec: specOf(), deleting: false },
    });
    expect(inShort(operations)).toEqual([['NodeUpdate', 'kubelet-config-upload', '']]);
  });

  test('what was uploaded comes to nodes by an upgrade, too, and is taken back on them', () => {
    const operations = plan(appliedOf(specOf(), { kubelet: 'maxPods: 99' }), {
      ...{ spec: specOf(config({ kubernetesVersion: 'v1.35.4' })), deleting: false },
    });
    expect(inShort(operations).slice(1)).toEqual([['NodeUpdate', 'kubelet-config-upload', ALL]]);
  });

  test('nodes from before they were recorded are compared by the spec that was applied', () => {
    const { kubelet: _kubelet, ...old } = appliedOf(specOf());
    const nodes = old.nodes.map(({ kubelet: _own, ...node }) => node);
    expect(plan({ ...old, nodes }, { spec: specOf(), deleting: false })).toEqual([]);
    const changed = specOf(config({ kubeletConfigurationOverrides: 'maxPods: 99' }));
    expect(inShort(plan({ ...old, nodes }, { spec: changed, deleting: false }))).toEqual([
      ['NodeUpdate', 'kubelet-config-upload', ALL],
    ]);
  });

  test('of a creation that is not complete, nodes get them once it is', () => {
    const { spec: _spec, blueprint: _blueprint, ...state } = appliedOf(specOf());
    const half = { ...state, created: false, nodes: state.nodes.slice(0, 1) };
    const same = plan(half, { spec: specOf(), deleting: false });
    expect(same.map(({ name }) => name)).toEqual(['ClusterCreation', 'BlueprintSync']);
    const changed = specOf(config({ kubeletConfigurationOverrides: 'maxPods: 99' }));
    expect(inShort(plan(half, { spec: changed, deleting: false }))).toEqual([
      ['ClusterCreation', '', 'm1 leader, m2 worker, m3 worker'],
      // Those that join meanwhile get what was uploaded before.
      ['NodeUpdate', 'kubelet-config-upload', ALL],
      ['BlueprintSync', '', ''],
    ]);
    const flags = specOf(config({ kubeletExtraArgs: { v: '4' } }));
    expect(inShort(plan(half, { spec: flags, deleting: false }))[1]).toEqual([
      ...['NodeUpdate', '', 'm1 kubelet'],
    ]);
  });

  test('where all control planes are replaced, they are uploaded before the first of the new ones joins', () => {
    const after = specOf((spec) => {
      config({ kubeletConfigurationOverrides: 'maxPods: 99' })(spec);
      spec.config.nodes[0] = fixtureNode(9, { roles: ['ControlPlane', 'Worker'] });
    });
    const operations = plan(appliedOf(specOf()), { spec: after, deleting: false });
    expect(inShort(operations).slice(0, 2)).toEqual([
      ['NodeUpdate', 'kubelet-config-upload', 'm2 kubelet, m3 kubelet'],
      ['NodeAddition', '', 'm9 control-plane'],
    ]);
    expect(operations[0]?.kubernetesVersion).toBe('v1.34.4');
  });
});
