import { describe, expect, test } from 'vitest';

import { fixtureNode } from '../test/fixtures/cluster.js';
import {
  artifactProblems,
  availableVersions,
  holdingOf,
  type ArtifactHolding,
  type KubernetesHeld,
} from './artifactHoldings.js';
import type { Artifact } from './artifacts.js';
import type { OperationPlan } from './plan.js';

const held = (...versions: string[]): ArtifactHolding => ({
  kubernetes: versions.map((text): KubernetesHeld => {
    const [version = '', arch = 'amd64'] = text.split('/') as [string?, KubernetesHeld['arch']?];
    return { version, arch };
  }),
});
const any: ArtifactHolding = {};
const amd64 = new Set(['amd64']);

test('a bundle holds the versions of its kubeadm, and any other source all of them', () => {
  const artifact = (set: Partial<Artifact>): Artifact => ({
    ...{ path: 'p', sha256: '', size: 1, kind: 'binary', name: 'kubeadm', version: 'v1.34.4' },
    ...{ arch: 'amd64', ...set },
  });
  const artifacts = [
    artifact({}),
    artifact({ arch: 'arm64' }),
    artifact({ name: 'kubelet', version: 'v1.36.1' }),
  ];
  expect(holdingOf({ source: 'bundle', artifacts })).toEqual(held('v1.34.4', 'v1.34.4/arm64'));
  expect(holdingOf({ source: 'mirror', artifacts: [] })).toEqual(any);
  expect(holdingOf({ source: 'online', artifacts: [] })).toEqual(any);
});

describe('versions that an upgrade may go through', () => {
  test.each<[string, ArtifactHolding[], string[] | undefined]>([
    ['nobody at work: not known', [], undefined],
    ['machines that fetch for themselves: any', [any, any], undefined],
    ['one bundle', [held('v1.35.4', 'v1.35.2')], ['v1.35.2', 'v1.35.4']],
    ['a bundle without any', [held()], []],
    [
      'two bundles: what both hold of a minor, or else what one does',
      [held('v1.34.4', 'v1.35.2', 'v1.35.4'), held('v1.35.2', 'v1.36.1'), any],
      ['v1.34.4', 'v1.35.2', 'v1.36.1'],
    ],
    [
      'only those for the machines',
      [held('v1.35.2', 'v1.35.4/arm64', 'v1.36.1/all')],
      ['v1.35.2', 'v1.36.1'],
    ],
  ])('%s', (_what, workers, wanted) => {
    expect(availableVersions(workers, amd64)).toEqual(wanted);
  });

  test('of machines of two architectures: those that are there for both', () => {
    const both = [held('v1.35.2', 'v1.35.4', 'v1.35.2/arm64')];
    expect(availableVersions(both, new Set(['amd64', 'arm64']))).toEqual(['v1.35.2']);
  });
});

describe('what no worker could give', () => {
  const config = {
    kubernetesVersion: 'v1.36.1',
    nodes: [fixtureNode(1), fixtureNode(2, { arch: 'arm64' })],
  };
  const operation = (set: Partial<OperationPlan>): OperationPlan => ({
    ...{ name: 'ClusterUpgrade', reason: '', leave: [], clusterSteps: [] },
    nodes: [{ hostname: 'm1', path: 'upgrade-first' }],
    ...set,
  });
  const problems = (workers: ArtifactHolding[], ...operations: OperationPlan[]) =>
    artifactProblems(workers, operations, config).map(({ message }) => message);

  test('is said of each version and architecture once, with what there is', () => {
    const nodes = [...operation({}).nodes, { hostname: 'm2', path: 'upgrade-worker' } as const];
    const between = operation({ nodes, kubernetesVersion: 'v1.35.4' });
    const said = problems([held('v1.35.4'), held('v1.34.4')], between, operation({ nodes }));
    const there = "is in no worker's artifacts (PLINTH_ARTIFACTS): they hold v1.34.4, v1.35.4";
    expect(said).toEqual([
      `v1.35.4 for arm64 ${there}`,
      `v1.36.1 for amd64 ${there}`,
      `v1.36.1 for arm64 ${there}`,
    ]);
    expect(problems([held()], operation({}))[0]).toContain('they hold no Kubernetes');
  });

  test('is nothing where one of them can, or where nobody is known to be at work', () => {
    expect(problems([held('v1.34.4'), held('v1.36.1')], operation({}))).toEqual([]);
    expect(problems([held('v1.34.4'), any], operation({}))).toEqual([]);
    expect(problems([], operation({}))).toEqual([]);
  });

  test('is nothing of what installs no Kubernetes', () => {
    const update = operation({ nodes: [{ hostname: 'm1', path: 'kubelet' }] });
    expect(problems([held('v1.34.4')], update)).toEqual([]);
  });
});
