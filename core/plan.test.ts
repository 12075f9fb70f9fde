import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ClusterSpec, NodeSpec } from './cluster.js';
import type { ResolvedBlueprint } from './blueprints.js';
import type { StepName } from './steps.js';
import {
  plan,
  type AppliedNode,
  type AppliedState,
  type DesiredState,
  type OperationPlan,
} from './plan.js';

function node(hostname: string, roles: NodeSpec['roles'], extra: Partial<NodeSpec> = {}): NodeSpec {
  const privateIP = `10.0.0.${String((hostname.codePointAt(1) ?? 0) - 38)}`;
  return { hostname, operatingSystem: 'Debian12', arch: 'amd64', privateIP, roles, ...extra };
}

function spec(nodes: NodeSpec[], blueprint = 'default'): ClusterSpec {
  return {
    type: 'mks',
    blueprint: { name: blueprint },
    config: {
      kubernetesVersion: 'v1.34.4',
      network: {
        cni: { name: 'Calico', version: '3.28.5' },
        podSubnet: '10.244.0.0/16',
        serviceSubnet: '10.96.0.0/12',
      },
      nodes,
    },
  };
}

function appliedNode(of: NodeSpec, extra: Partial<AppliedNode> = {}): AppliedNode {
  return { hostname: of.hostname, claimed: true, joined: true, leader: false, spec: of, ...extra };
}

function applied(of: ClusterSpec, leader: string): AppliedState {
  return {
    initialised: true,
    created: true,
    spec: of,
    blueprint: of.blueprint,
    nodes: of.config.nodes.map((n) => appliedNode(n, { leader: n.hostname === leader })),
  };
}

const nothing: AppliedState = { initialised: false, created: false, nodes: [] };
const m1 = node('m1', ['ControlPlane', 'Worker']);
const m2 = node('m2', ['Worker']);
const m3 = node('m3', ['Worker']);
const three = spec([m1, m2, m3]);
const names = (operations: { name: string }[]): string[] => operations.map(({ name }) => name);

describe('plan', () => {
  it('creates a cluster and then syncs its blueprint', () => {
    const operations = plan(nothing, { spec: three, deleting: false });
    expect(names(operations)).toEqual(['ClusterCreation', 'BlueprintSync']);
    expect(operations[0]?.nodes).toEqual([
      { hostname: 'm1', path: 'leader' },
      { hostname: 'm2', path: 'worker' },
      { hostname: 'm3', path: 'worker' },
    ]);
  });

  it('finds nothing to do when what is applied is what is desired', () => {
    expect(plan(applied(three, 'm1'), { spec: three, deleting: false })).toEqual([]);
  });

  it('goes on with a creation that failed half way, with the same leader', () => {
    const b = node('b', ['ControlPlane', 'Worker']);
    const half: AppliedState = {
      initialised: true,
      created: false,
      nodes: [appliedNode(m1, { leader: true }), appliedNode(m2, { joined: false })],
    };
    const [creation] = plan(half, { spec: spec([b, m1, m2, m3]), deleting: false });
    expect(creation?.nodes.find((task) => task.path === 'leader')?.hostname).toBe('m1');
  });

  it('cleans a half-joined node that the new spec drops before it goes on', () => {
    const half: AppliedState = {
      initialised: true,
      created: false,
      nodes: [
        appliedNode(m1, { leader: true }),
        appliedNode(m2),
        appliedNode(m3, { joined: false }),
      ],
    };
    const operations = plan(half, { spec: spec([m1, m2]), deleting: false });
    expect(names(operations)).toEqual(['NodeRemoval', 'ClusterCreation', 'BlueprintSync']);
    // Its join may have got as far as the API server, or as etcd's list of members.
    expect(operations[0]).toMatchObject({
      nodes: [{ hostname: 'm3', path: 'clean' }],
      leave: ['m3'],
    });
  });

  it('cleans a dropped node at once where no control plane stays to leave through', () => {
    const half: AppliedState = {
      initialised: true,
      created: false,
      nodes: [appliedNode(m1, { leader: true })],
    };
    const other = node('m9', ['ControlPlane', 'Worker']);
    const operations = plan(half, { spec: spec([other]), deleting: false });
    expect(names(operations)).toEqual(['NodeRemoval', 'ClusterCreation', 'BlueprintSync']);
    expect(operations[0]).toMatchObject({ nodes: [{ hostname: 'm1', path: 'clean' }], leave: [] });
  });

  it('never touches a dropped node whose machine was never claimed', () => {
    const half: AppliedState = {
      initialised: true,
      created: true,
      spec: spec([m1, m2]),
      blueprint: { name: 'default' },
      nodes: [appliedNode(m1), appliedNode(m2), appliedNode(m3, { claimed: false, joined: false })],
    };
    expect(plan(half, { spec: spec([m1, m2]), deleting: false })).toEqual([]);
  });

  it('adds only the new node to a cluster that is there', () => {
    const operations = plan(applied(spec([m1, m2]), 'm1'), { spec: three, deleting: false });
    expect(names(operations)).toEqual(['NodeAddition']);
    expect(operations[0]?.nodes).toEqual([{ hostname: 'm3', path: 'added-worker' }]);
  });

  it('lets a node that had begun to leave and is wanted again leave wholly, and join anew', () => {
    const half: AppliedState = {
      ...applied(three, 'm1'),
      nodes: [
        appliedNode(m1, { leader: true }),
        appliedNode(m2),
        appliedNode(m3, { leaving: true }),
      ],
    };
    const operations = plan(half, { spec: three, deleting: false });
    expect(operations).toMatchObject([
      {
        name: 'NodeRemoval',
        reason: 'had begun to leave: m3',
        leave: ['m3'],
        nodes: [{ hostname: 'm3', path: 'clean' }],
      },
      { name: 'NodeAddition', nodes: [{ hostname: 'm3', path: 'added-worker' }] },
    ]);
    const dropped = plan(half, { spec: spec([m1, m2]), deleting: false });
    expect(dropped).toMatchObject([{ reason: 'not in the spec any more: m3', leave: ['m3'] }]);
  });

  it('takes a joined node out through a control plane before it is cleaned', () => {
    const operations = plan(applied(three, 'm1'), { spec: spec([m1, m2]), deleting: false });
    expect(names(operations)).toEqual(['NodeRemoval']);
    expect(operations[0]?.leave).toEqual(['m3']);
  });

  it('asks etcd about every node but one that is recorded as a worker, and was nothing else', () => {
    const cp = node('m2', ['ControlPlane']);
    const storage = node('m5', ['Storage']);
    const nodes = [
      ...[appliedNode(m1, { leader: true }), appliedNode(cp), appliedNode(m3)],
      // Its join as a control plane failed; then the spec made a worker of it.
      appliedNode(node('m4', ['Worker']), { joined: false, wasControlPlane: true }),
      appliedNode(storage),
    ];
    const half = { ...applied(three, 'm1'), nodes };
    const [removal] = plan(half, { spec: spec([m1]), deleting: false }).filter(
      ({ name }) => name === 'NodeRemoval',
    );
    expect(removal).toMatchObject({ leave: ['m2', 'm3', 'm4', 'm5'], plainWorkers: ['m3'] });
    const deletion = plan(half, { spec: spec([m1]), deleting: true });
    expect(deletion).toMatchObject([{ leave: [] }]);
    expect(deletion[0]).not.toHaveProperty('plainWorkers');
  });

  it('sets labels without touching a machine', () => {
    const labelled = spec([m1, { ...m2, labels: { app: 'infra' } }, m3]);
    const [update, ...rest] = plan(applied(three, 'm1'), { spec: labelled, deleting: false });
    expect(rest).toEqual([]);
    expect(update).toMatchObject({
      name: 'NodeUpdate',
      nodes: [],
      clusterSteps: ['node-metadata'],
    });
  });

  it('points the endpoint of the others at a new control plane', () => {
    const m4 = node('m4', ['ControlPlane']);
    const m5 = node('m5', ['ControlPlane']);
    const grown = spec([m1, m2, m3, m4, m5]);
    const operations = plan(applied(three, 'm1'), { spec: grown, deleting: false });
    expect(names(operations)).toEqual(['NodeAddition', 'NodeUpdate']);
    expect(operations[1]?.nodes.map((task) => task.hostname)).toEqual(['m1', 'm2', 'm3']);
  });

  it('turns the endpoint of the others away from a control plane before it leaves', () => {
    const planes = ['m4', 'm5', 'm6'].map((name) => node(name, ['ControlPlane']));
    const state = applied(spec([...planes, m2]), 'm4');
    const operations = plan(state, { spec: spec([planes[0]!, m2]), deleting: false });
    expect(names(operations)).toEqual(['NodeUpdate', 'NodeRemoval']);
    expect(operations[0]?.nodes.map((task) => task.hostname)).toEqual(['m2', 'm4']);
    expect(operations[1]?.leave).toEqual(['m5', 'm6']);
  });

  it('turns endpoints away only from control planes that may leave, and does so first', () => {
    const planes = ['m4', 'm5', 'm6'].map((name) => node(name, ['ControlPlane']));
    const operations = plan(applied(spec([...planes, m2]), 'm4'), {
      ...{ spec: spec([planes[2]!, m2]), deleting: false },
    });
    expect(operations).toMatchObject([
      { name: 'NodeUpdate', leaveNext: ['m4', 'm5'] },
      { name: 'NodeRemoval', leave: ['m4', 'm5'] },
    ]);
  });

  it('has those that take the place of all control planes join before any of them leaves', () => {
    const operations = plan(
      { ...applied(three, 'm1'), kubernetesVersion: 'v1.34.4' },
      {
        spec: {
          ...spec([node('m9', ['ControlPlane']), m2, m3]),
          config: {
            ...spec([node('m9', ['ControlPlane']), m2, m3]).config,
            kubernetesVersion: 'v1.35.4',
          },
        },
        deleting: false,
      },
    );
    expect(operations).toMatchObject([
      {
        ...{ name: 'NodeAddition', kubernetesVersion: 'v1.34.4' },
        nodes: [{ hostname: 'm9', path: 'control-plane' }],
      },
      { name: 'NodeUpdate', leaveNext: ['m1'] },
      { name: 'NodeRemoval', leave: ['m1'] },
      { name: 'ClusterUpgrade', kubernetesVersion: 'v1.35.4' },
    ]);
    expect(operations[3]?.nodes.map(({ hostname }) => hostname)).toEqual(['m2', 'm3', 'm9']);
  });

  describe('where too few control planes of three would stay', () => {
    const planes = ['m4', 'm5', 'm6', 'm7', 'm8'].map((name) => node(name, ['ControlPlane']));
    const [old, next] = [planes.slice(0, 3), planes.slice(2)];
    const state = applied(spec([...old, m2]), 'm4');
    const wanted = { spec: spec([...next, m2]), deleting: false };

    it('has the new ones join before the old ones leave', () => {
      expect(plan(state, wanted)).toMatchObject([
        { name: 'NodeAddition', nodes: [{ hostname: 'm7' }, { hostname: 'm8' }] },
        { name: 'NodeUpdate', leaveNext: ['m4', 'm5'] },
        { name: 'NodeRemoval', leave: ['m4', 'm5'] },
      ]);
    });

    it('has the old ones leave first with force: those that do not answer keep new ones out', () => {
      const operations = plan(state, { ...wanted, force: true });
      expect(names(operations)).toEqual(['NodeUpdate', 'NodeRemoval', 'NodeAddition']);
    });

    it('has the old ones leave first where a new one is the machine of an old one', () => {
      const renamed = next.map((each) =>
        each.hostname === 'm7' ? { ...each, privateIP: old[0]!.privateIP } : each,
      );
      const operations = plan(state, { ...wanted, spec: spec([...renamed, m2]) });
      expect(names(operations)).toEqual(['NodeUpdate', 'NodeRemoval', 'NodeAddition']);
    });
  });

  it('never has fewer members of etcd on the way than a majority of those wanted, or than there were', () => {
    const hostnames = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'];
    const planesOf = (which: string[]) =>
      spec([...which.map((name) => node(name, ['ControlPlane'])), w9]);
    const w9 = node('w9', ['Worker']);
    const some = fc.subarray(hostnames, { minLength: 1 });
    fc.assert(
      fc.property(some, some, (from, to) => {
        const members = new Set(from);
        const least = Math.min(from.length, Math.floor(to.length / 2) + 1);
        const operations = plan(applied(planesOf(from), from[0]!), {
          ...{ spec: planesOf(to), deleting: false },
        });
        for (const { leave, nodes } of operations) {
          for (const hostname of leave) members.delete(hostname);
          for (const { hostname, path } of nodes) {
            if (path === 'control-plane') members.add(hostname);
          }
          expect(members.size).toBeGreaterThanOrEqual(least);
        }
        expect([...members].toSorted()).toEqual(to.toSorted());
      }),
    );
  });

  it('has a control plane that had begun to leave, and takes the place of all others, leave before it joins', () => {
    const m9 = node('m9', ['ControlPlane']);
    const state = applied(spec([m1, m9, m2]), 'm1');
    const nodes = state.nodes.map((each) =>
      each.hostname === 'm9' ? { ...each, leaving: true } : each,
    );
    const operations = plan({ ...state, nodes }, { spec: spec([m9, m2]), deleting: false });
    expect(operations).toMatchObject([
      { name: 'NodeRemoval', leave: ['m9'] },
      { name: 'NodeAddition', nodes: [{ hostname: 'm9', path: 'control-plane' }] },
      { name: 'NodeUpdate', leaveNext: ['m1'] },
      { name: 'NodeRemoval', leave: ['m1'] },
    ]);
  });

  it('turns the endpoint of a node that an earlier attempt has left with other control planes', () => {
    const m4 = node('m4', ['ControlPlane']);
    const grown = spec([m1, m2, m3, m4]);
    const state = applied(grown, 'm1');
    const stale = 'm1 10.0.0.11\nm5 10.0.0.15';
    const nodes = state.nodes.map((each) =>
      each.hostname === 'm3' ? { ...each, endpoint: stale } : each,
    );
    const operations = plan({ ...state, nodes }, { spec: grown, deleting: false });
    expect(operations).toMatchObject([
      { name: 'NodeUpdate', nodes: [{ hostname: 'm3', path: 'endpoint' }] },
    ]);
  });

  it.each<[string, Partial<AppliedNode>]>([
    ['left as failed', { failed: true }],
    ['cordoned', { cordoned: true }],
  ])('sees to a node that an operation has %s, and that nothing else is done to', (_, left) => {
    const now = applied(three, 'm1');
    const nodes = now.nodes.map((each) => (each.hostname === 'm2' ? { ...each, ...left } : each));
    const [update, ...others] = plan({ ...now, nodes }, { spec: three, deleting: false });
    expect(others).toEqual([]);
    expect(update).toMatchObject({
      ...{ name: 'NodeUpdate', clusterSteps: ['check-in'] },
      nodes: [{ hostname: 'm2', path: 'settle' }],
    });
    // It leaves, or is upgraded: that sees to it.
    const less = plan({ ...now, nodes }, { spec: spec([m1, m3]), deleting: false });
    expect(names(less)).toEqual(['NodeRemoval']);
    const newer = structuredClone(three);
    newer.config.kubernetesVersion = 'v1.35.4';
    expect(names(plan({ ...now, nodes }, { spec: newer, deleting: false }))).toEqual([
      'ClusterUpgrade',
    ]);
  });

  it('leaves the endpoint to the load balancer that the spec names', () => {
    const behind = (nodes: NodeSpec[]): ClusterSpec => {
      const of = spec(nodes);
      of.config.network.controlPlaneEndpoint = 'lb.example.net';
      return of;
    };
    const others = [node('m4', ['ControlPlane']), node('m5', ['ControlPlane'])];
    const one = behind([m1, m2]);
    const grown = behind([m1, m2, ...others]);
    const add = plan(applied(one, 'm1'), { spec: grown, deleting: false });
    expect(names(add)).toEqual(['NodeAddition']);
    const remove = plan(applied(grown, 'm1'), { spec: one, deleting: false });
    expect(names(remove)).toEqual(['NodeRemoval']);
  });

  it('syncs another blueprint and nothing else', () => {
    const other = spec([m1, m2, m3], 'minimal');
    const operations = plan(applied(three, 'm1'), { spec: other, deleting: false });
    expect(names(operations)).toEqual(['BlueprintSync']);
  });

  it('takes the newest version for what it is, whether it is named or left out', () => {
    const named = { ...three, blueprint: { name: 'default', version: 'latest' } };
    expect(plan(applied(three, 'm1'), { spec: named, deleting: false })).toEqual([]);
    expect(plan(applied(named, 'm1'), { spec: three, deleting: false })).toEqual([]);
  });

  it('places the network and the blueprint anew where systemComponentsPlacement changes', () => {
    const placed = { ...three, systemComponentsPlacement: { nodeSelector: { pool: 'system' } } };
    const operations = plan(applied(three, 'm1'), { spec: placed, deleting: false });
    expect(names(operations)).toEqual(['BlueprintSync']);
    expect(operations[0]?.clusterSteps).toEqual([
      ...(['cni', 'cni-rollout', 'namespace-sync', 'blueprint-sync', 'blueprint-health'] as const),
    ]);
  });

  describe('of a blueprint of the project', () => {
    const web = spec([m1, m2, m3], 'web');
    const version = (word: string, set: Partial<ResolvedBlueprint> = {}): ResolvedBlueprint => ({
      ...{ name: 'web', version: word, base: 'minimal', driftPolicy: 'Correct', ...set },
    });
    const having = (word: string): AppliedState => ({
      ...applied(web, 'm1'),
      blueprint: { name: 'web', version: word, base: 'minimal' },
    });
    const planned = (state: AppliedState, desired: Partial<DesiredState>): OperationPlan[] =>
      plan(state, { spec: web, deleting: false, ...desired });

    it('syncs the version that it stands for, and every step is told which', () => {
      expect(planned(having('v1'), { blueprint: version('v1') })).toEqual([]);
      const [sync, ...rest] = planned(having('v1'), { blueprint: version('v2') });
      expect(rest).toEqual([]);
      expect(sync).toMatchObject({
        ...{ name: 'BlueprintSync', nodes: [], blueprint: { version: 'v2' } },
        clusterSteps: ['namespace-sync', 'blueprint-sync', 'blueprint-health'],
      });
      const created = planned(
        { initialised: false, created: false, nodes: [] },
        { blueprint: version('v2') },
      );
      expect(created.map(({ blueprint }) => blueprint?.version)).toEqual(['v2', 'v2']);
    });

    it('brings the images of built-in parts that it did not have before to all nodes', () => {
      const blueprint = version('v2', { base: 'default' });
      const images = ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'blueprint-images' }));
      expect(planned(having('v1'), { blueprint })[0]?.nodes).toEqual(images);
      const state = { ...having('v1'), blueprint: { name: 'minimal' } };
      expect(planned(state, { blueprint })[0]?.nodes).toEqual(images);
      expect(
        planned({ ...state, blueprint: { name: 'default' } }, { blueprint })[0]?.nodes,
      ).toEqual([]);
    });

    it('brings them to nodes that joined while the cluster had another one, though that is undone', () => {
      const state = { ...having('v1'), blueprint: { name: 'default' } };
      const joined = (parts?: 'minimal' | 'default') => ({
        ...state,
        nodes: state.nodes.map((each) =>
          parts === undefined || each.hostname !== 'm2' ? each : { ...each, parts },
        ),
      });
      const blueprint = { name: 'default' };
      const wanted = { spec: { ...state.spec!, blueprint }, deleting: false };
      expect(plan(joined(), wanted)).toEqual([]);
      expect(plan(joined('default'), wanted)).toEqual([]);
      expect(plan(joined('minimal'), wanted)).toMatchObject([
        {
          ...{ name: 'BlueprintSync', nodes: [{ hostname: 'm2', path: 'blueprint-images' }] },
          reason: 'blueprint default: nodes lack images of it',
        },
      ]);
      const minimal = { ...wanted, spec: { ...state.spec!, blueprint: { name: 'minimal' } } };
      expect(plan(joined('minimal'), minimal)[0]?.nodes).toEqual([]);
    });

    it('places workloads again where a taskset that failed elsewhere had placed them otherwise', () => {
      const state = { ...applied(three, 'm1'), placement: '{"nodeSelector":{"of":"a"}}' };
      expect(plan(state, { spec: three, deleting: false })).toMatchObject([
        { name: 'BlueprintSync', reason: 'blueprint default: systemComponentsPlacement changed' },
      ]);
      expect(plan({ ...state, placement: '{}' }, { spec: three, deleting: false })).toEqual([]);
    });

    it('compares and puts back what differs when a sync was asked for, or only compares', () => {
      const blueprintSteps: StepName[] = ['namespace-sync', 'blueprint-sync', 'blueprint-health'];
      // A changed manifest of the network is rolled out as well.
      const all: StepName[] = ['cni', 'cni-rollout', ...blueprintSteps];
      const blueprint = version('v1');
      expect(planned(having('v1'), { blueprint, sync: 3 })).toMatchObject([
        {
          ...{ name: 'BlueprintSync', sync: 3 },
          clusterSteps: ['blueprint-drift', ...all],
        },
      ]);
      const report = version('v1', { driftPolicy: 'Report' });
      expect(planned(having('v1'), { blueprint: report, sync: 3 })[0]?.clusterSteps).toEqual([
        'blueprint-drift',
      ]);
      // What is to be applied anyway need not be compared first.
      expect(planned(having('v1'), { blueprint: version('v2'), sync: 3 })).toMatchObject([
        { sync: 3, clusterSteps: all },
      ]);
    });
  });

  describe('with force', () => {
    const gone: DesiredState = { spec: spec([m1, m2]), deleting: false, force: true };

    it('says so to the operations that take nodes out, and to no other', () => {
      const [removal, ...rest] = plan(applied(three, 'm1'), gone);
      expect(rest).toEqual([]);
      expect(removal).toMatchObject({ name: 'NodeRemoval', force: true, leave: ['m3'] });
      expect(plan(applied(three, 'm1'), { ...gone, force: false })[0]?.force).toBeUndefined();
      const more = spec([m1, m2, m3, node('m4', ['Worker'])]);
      const added = plan(applied(three, 'm1'), { ...gone, spec: more });
      expect(added.map((each) => [each.name, each.force])).toEqual([['NodeAddition', undefined]]);
      const deletion = plan(applied(three, 'm1'), { ...gone, deleting: true });
      expect(deletion).toMatchObject([{ name: 'ClusterDeletion', force: true }]);
    });

    const orphaned: AppliedState = {
      ...applied(spec([m1, m2]), 'm1'),
      nodes: [
        ...applied(spec([m1, m2]), 'm1').nodes,
        appliedNode(m3, { joined: false, leaving: true, orphaned: true }),
      ],
    };

    it('leaves an orphaned machine alone from then on', () => {
      expect(plan(orphaned, gone)).toEqual([]);
      const deletion = plan(orphaned, { ...gone, deleting: true });
      expect(deletion[0]?.nodes.map(({ hostname }) => hostname)).toEqual(['m2', 'm1']);
    });

    it('takes one out that joined all the same, when its cleaning had failed', () => {
      const joined: AppliedState = {
        ...orphaned,
        nodes: orphaned.nodes.map((each) => ({ ...each, joined: true })),
      };
      expect(plan(joined, { ...gone, force: false })).toMatchObject([
        { name: 'NodeRemoval', leave: ['m3'], nodes: [{ hostname: 'm3', path: 'clean' }] },
      ]);
      const deletion = plan(joined, { ...gone, deleting: true });
      expect(deletion[0]?.nodes.map(({ hostname }) => hostname)).toEqual(['m2', 'm3', 'm1']);
    });

    it('cleans an orphaned machine that is wanted again, and has it join anew', () => {
      expect(plan(orphaned, { spec: three, deleting: false })).toMatchObject([
        { name: 'NodeRemoval', nodes: [{ hostname: 'm3', path: 'clean' }] },
        { name: 'NodeAddition', nodes: [{ hostname: 'm3', path: 'added-worker' }] },
      ]);
    });
  });

  it('deletes workers before control planes, and only what was claimed', () => {
    const state = applied(three, 'm1');
    const nodes = [...state.nodes.slice(0, 2), appliedNode(m3, { claimed: false, joined: false })];
    const operations = plan({ ...state, nodes }, { spec: three, deleting: true });
    expect(names(operations)).toEqual(['ClusterDeletion']);
    expect(operations[0]?.nodes).toEqual([
      { hostname: 'm2', path: 'clean', wave: 1 },
      { hostname: 'm1', path: 'clean', wave: 2 },
    ]);
  });
});

describe('plan, whatever the spec', () => {
  const hostnames = fc.uniqueArray(fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5', 'm6'), {
    minLength: 1,
  });
  const anySpec = hostnames.map((chosen) =>
    spec(chosen.map((name, index) => node(name, index === 0 ? ['ControlPlane'] : ['Worker']))),
  );
  const shuffled = (of: ClusterSpec): fc.Arbitrary<ClusterSpec> =>
    fc
      .shuffledSubarray(of.config.nodes, { minLength: of.config.nodes.length })
      .map((nodes) => ({ ...of, config: { ...of.config, nodes } }));

  it('is empty for an applied spec against itself, in any order of nodes', () => {
    const pairs = anySpec.chain((of) => shuffled(of).map((other) => [of, other] as const));
    fc.assert(
      fc.property(pairs, ([of, other]) => {
        const leader = of.config.nodes[0]?.hostname ?? '';
        expect(plan(applied(of, leader), { spec: other, deleting: false })).toEqual([]);
      }),
    );
  });

  it('does not depend on the order of nodes', () => {
    const cases = fc
      .tuple(anySpec, anySpec)
      .chain(([from, to]) => shuffled(to).map((other) => [from, to, other] as const));
    fc.assert(
      fc.property(cases, ([from, to, other]) => {
        const state = applied(from, from.config.nodes[0]?.hostname ?? '');
        expect(plan(state, { spec: other, deleting: false })).toEqual(
          plan(state, { spec: to, deleting: false }),
        );
      }),
    );
  });

  it('puts every node of the spec that has not joined on the way in, and every other one out', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (from, to) => {
        const state = applied(from, from.config.nodes[0]?.hostname ?? '');
        const operations = plan(state, { spec: to, deleting: false });
        const moved = (name: string): string[] =>
          operations.find((o) => o.name === name)?.nodes.map((task) => task.hostname) ?? [];
        const before = new Set(from.config.nodes.map((n) => n.hostname));
        const after = new Set(to.config.nodes.map((n) => n.hostname));
        expect(moved('NodeAddition')).toEqual([...after].filter((n) => !before.has(n)).toSorted());
        expect(moved('NodeRemoval')).toEqual([...before].filter((n) => !after.has(n)).toSorted());
      }),
    );
  });
});

describe('the plan of an upgrade', () => {
  const c2 = node('m8', ['ControlPlane']);
  const at = (kubernetesVersion: string, nodes = [c2, m1, m2, m3]): ClusterSpec => {
    const of = spec(nodes);
    return { ...of, config: { ...of.config, kubernetesVersion } };
  };
  const old = applied(at('v1.34.4'), 'm1');

  it('takes the cluster to the new version by the first control plane, and then the others', () => {
    const [upgrade, ...others] = plan(old, { spec: at('v1.35.4'), deleting: false });
    expect(others).toEqual([]);
    expect(upgrade).toMatchObject({
      name: 'ClusterUpgrade',
      kubernetesVersion: 'v1.35.4',
      workersAtOnce: 1,
      nodes: [
        { hostname: 'm1', path: 'upgrade-first' },
        { hostname: 'm2', path: 'upgrade-worker' },
        { hostname: 'm3', path: 'upgrade-worker' },
        { hostname: 'm8', path: 'upgrade-control-plane' },
      ],
    });
  });

  it('is a chain of minors, each with the newest patch that there is', () => {
    const operations = plan(old, {
      ...{ spec: at('v1.36.1'), deleting: false },
      available: ['v1.35.2', 'v1.35.4', 'v1.36.1'],
    });
    expect(operations.map(({ kubernetesVersion }) => kubernetesVersion)).toEqual([
      'v1.35.4',
      'v1.36.1',
    ]);
  });

  it('goes on with the nodes that are not done', () => {
    const versions: Record<string, string> = { m1: 'v1.35.4', m8: 'v1.35.4', m2: 'v1.34.4' };
    const half: AppliedState = {
      ...old,
      kubernetesVersion: 'v1.35.4',
      nodes: old.nodes.map((each) => {
        const version = versions[each.hostname];
        return version === undefined ? each : { ...each, kubernetesVersion: version };
      }),
    };
    const [upgrade] = plan(half, { spec: at('v1.35.4'), deleting: false });
    expect(upgrade?.nodes).toEqual([
      { hostname: 'm2', path: 'upgrade-worker' },
      { hostname: 'm3', path: 'upgrade-worker' },
    ]);
  });

  it('goes on with a first control plane whose kubelet is still the old one', () => {
    const half: AppliedState = { ...old, kubernetesVersion: 'v1.35.4' };
    const [upgrade] = plan(half, { spec: at('v1.35.4'), deleting: false });
    expect(upgrade?.nodes[0]).toEqual({ hostname: 'm1', path: 'upgrade-control-plane' });
  });

  it('comes before nodes join, and after nodes have left', () => {
    const m9 = node('m9', ['Worker']);
    const operations = plan(old, { spec: at('v1.35.4', [c2, m1, m2, m9]), deleting: false });
    expect(names(operations)).toEqual(['NodeRemoval', 'ClusterUpgrade', 'NodeAddition']);
    expect(operations[1]?.nodes.map(({ hostname }) => hostname)).toEqual(['m1', 'm2', 'm8']);
  });

  it.each(['in the same taskset', 'in one before'])(
    'comes after a control plane has joined in the place of one that has left %s: of two members of etcd none is restarted',
    (when) => {
      const planes = ['m1', 'm2', 'm3', 'm4'].map((name) => node(name, ['ControlPlane', 'Worker']));
      const before = spec(planes.slice(0, 3));
      const now: AppliedState = { ...applied(before, 'm1'), kubernetesVersion: 'v1.34.4' };
      const nodes = when === 'in one before' ? now.nodes.slice(0, 2) : now.nodes;
      const after = spec([planes[0]!, planes[1]!, planes[3]!, node('m5', ['Worker'])]);
      after.config.kubernetesVersion = 'v1.35.4';
      const operations = plan({ ...now, nodes }, { spec: after, deleting: false });
      const shown = operations.map(({ name, kubernetesVersion = '', nodes: tasks }) =>
        [name, kubernetesVersion, ...tasks.map(({ hostname }) => hostname)].join(' '),
      );
      expect(shown.filter((each) => !each.startsWith('NodeUpdate'))).toEqual([
        ...(when === 'in one before' ? [] : ['NodeRemoval  m3']),
        'NodeAddition v1.34.4 m4',
        'ClusterUpgrade v1.35.4 m1 m2 m4',
        'NodeAddition  m5',
      ]);
    },
  );

  it('comes after a creation that is ended with the version it began with', () => {
    const half: AppliedState = {
      ...{ initialised: true, created: false, kubernetesVersion: 'v1.34.4' },
      nodes: [appliedNode(m1, { leader: true })],
    };
    const operations = plan(half, { spec: at('v1.35.4', [m1, m2]), deleting: false });
    expect(names(operations)).toEqual(['ClusterCreation', 'ClusterUpgrade', 'BlueprintSync']);
    expect(operations.map(({ kubernetesVersion }) => kubernetesVersion)).toEqual([
      'v1.34.4',
      'v1.35.4',
      undefined,
    ]);
  });

  describe('that has come to some control planes only', () => {
    const planes = ['m1', 'm2', 'm3', 'm4', 'm5'].map((name) => node(name, ['ControlPlane']));
    const m9 = node('m9', ['Worker']);
    const half = (count: number, of: Partial<AppliedState> = {}): AppliedState => {
      const begun = applied(spec(planes.slice(0, count)), 'm1');
      const [first, ...others] = begun.nodes;
      const nodes = [
        { ...first!, kubernetesVersion: 'v1.35.4' },
        ...others.map((each) => ({ ...each, kubernetesVersion: 'v1.34.4' })),
      ];
      return { ...begun, kubernetesVersion: 'v1.35.4', nodes, ...of };
    };
    const joinsAndUpgrades = (state: AppliedState, wanted: ClusterSpec): string[] =>
      plan(state, { spec: wanted, deleting: false }).flatMap(({ name, nodes, leave }) =>
        name === 'NodeUpdate' || name === 'BlueprintSync'
          ? []
          : [
              [name, ...nodes.map(({ hostname }) => hostname), ...leave.map((n) => `-${n}`)].join(
                ' ',
              ),
            ],
      );

    it('has workers join when it has come to all: no kubelet is newer than an API server', () => {
      const replaced = at('v1.35.4', [planes[2]!, planes[3]!, planes[4]!, m9]);
      expect(joinsAndUpgrades(half(3), replaced)).toEqual([
        'NodeAddition m4 m5',
        'NodeRemoval m1 m2 -m1 -m2',
        'ClusterUpgrade m3',
        'NodeAddition m9',
      ]);
    });

    it('does so where the creation has not ended, too', () => {
      const spec = at('v1.35.4', [planes[0]!, planes[1]!, m9]);
      const { spec: _, ...state } = half(2, { created: false });
      expect(joinsAndUpgrades(state, spec)).toEqual([
        'ClusterCreation m1 m2',
        'ClusterUpgrade m2',
        'NodeAddition m9',
      ]);
    });
  });

  it('lets as many workers go at once as the spec says', () => {
    const wanted = at('v1.35.4');
    wanted.config.kubernetesUpgrade = {
      ...{ strategy: 'concurrent', params: { workerConcurrency: '100%' } },
    };
    expect(plan(old, { spec: wanted, deleting: false })[0]?.workersAtOnce).toBe(2);
  });
});
