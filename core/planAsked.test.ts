import { describe, expect, it } from 'vitest';

import { AskedKind, type AskedOperation } from './askedOperations.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import { plan, type AppliedState } from './plan.js';
import { isAside, planBeside } from './planAsked.js';

const node = (hostname: string, roles: NodeSpec['roles']): NodeSpec => ({
  ...{
    hostname,
    operatingSystem: 'Debian12',
    arch: 'amd64',
    privateIP: `10.0.0.${hostname.slice(1)}`,
  },
  roles,
});
const [c1, c2, w3, w4] = [
  node('m1', ['ControlPlane']),
  node('m2', ['ControlPlane']),
  node('m3', ['Worker']),
  node('m4', ['Worker']),
];
const spec = (nodes: NodeSpec[]): ClusterSpec => ({
  ...{ type: 'mks', blueprint: { name: 'minimal' } },
  config: {
    kubernetesVersion: 'v1.34.4',
    network: {
      cni: { name: 'Calico', version: '3.28.5' },
      ...{ podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' },
    },
    nodes,
  },
});
const three = spec([c1, c2, w3]);
const applied = (of: ClusterSpec, leader = 'm1'): AppliedState => ({
  ...{ initialised: true, created: true, spec: of, blueprint: of.blueprint },
  kubernetesVersion: 'v1.34.4',
  nodes: of.config.nodes.map((each) => ({
    ...{ hostname: each.hostname, claimed: true, joined: true },
    ...{ leader: each.hostname === leader, spec: each },
  })),
});
const asked = (kind: AskedKind, args?: Record<string, string>): AskedOperation => ({
  ...{ id: `${kind}-1`, kind, askedAt: '2026-11-25T21:00:00Z', retries: 1 },
  ...(args === undefined ? {} : { args }),
});
const names = (operations: { name: string }[]): string[] => operations.map(({ name }) => name);
const restore = asked(AskedKind.Restore, { snapshot: 's1' });

describe('what is asked for where the spec is not due', () => {
  const state = applied(three);
  const failed: AppliedState = {
    ...state,
    nodes: state.nodes.map((each) => ({ ...each, failed: each.hostname === 'm2' })),
  };
  const beside = (of: AppliedState, ...wanted: AskedOperation[]) =>
    planBeside(of, { spec: three, deleting: false, asked: wanted });
  const snapshot = asked(AskedKind.Snapshot);

  it('brings with it what was left as failed, as none of the spec', () => {
    const operations = beside(failed, snapshot);
    expect(operations).toMatchObject([
      { name: 'EtcdSnapshot' },
      { name: 'NodeUpdate', nodes: [{ hostname: 'm2', path: 'settle' }] },
    ]);
    expect(operations.every(isAside)).toBe(true);
    expect(names(beside(state, snapshot))).toEqual(['EtcdSnapshot']);
  });

  it.each<[string, Partial<AppliedState>]>([
    ['failed with a spec', { failure: 'm2: it broke' }],
    ['a restore has stopped', { restoring: { id: 'r0', args: { snapshot: 's0' } } }],
  ])('brings nothing with it for a node that %s: that waits for a person', (_, set) => {
    expect(names(beside({ ...failed, ...set }, snapshot))).toEqual(['EtcdSnapshot']);
  });

  it('brings nothing with it that goes through it itself, and is nothing where nothing is asked for', () => {
    expect(names(beside(failed, restore))).toEqual(['ClusterRestore']);
    expect(beside(failed)).toEqual([]);
  });
});

describe('the plan of what is asked for', () => {
  it('is all there is to do for a spec that is applied', () => {
    const operations = plan(applied(three), {
      ...{ spec: three, deleting: false, asked: [asked(AskedKind.Snapshot)] },
    });
    expect(operations).toMatchObject([
      {
        name: 'EtcdSnapshot',
        nodes: [],
        asked: { id: 'snapshot-1' },
        kubernetesVersion: 'v1.34.4',
      },
    ]);
  });

  it('has a restore first, then what keeps the cluster, then the changes of the spec', () => {
    const operations = plan(applied(three), {
      ...{ spec: spec([c1, c2, w3, w4]), deleting: false },
      asked: [asked(AskedKind.RenewCertificates), asked(AskedKind.Snapshot), restore],
    });
    expect(names(operations)).toEqual([
      'ClusterRestore',
      'CertificateRenewal',
      'EtcdSnapshot',
      'NodeAddition',
    ]);
  });

  it('renews on every control plane there is, also on one that the spec takes away', () => {
    const [operation] = plan(applied(three), {
      ...{ spec: spec([c1, w3]), deleting: false, asked: [asked(AskedKind.RenewCertificates)] },
    });
    expect(operation).toMatchObject({
      name: 'CertificateRenewal',
      nodes: [
        { hostname: 'm1', path: 'renew-certificates' },
        { hostname: 'm2', path: 'renew-certificates' },
      ],
      clusterSteps: ['kubelet-certificates'],
      asked: { id: 'renew-certificates-1' },
    });
  });

  it('renews by the clock only what is due, or of which nothing is known', () => {
    const state = applied(three);
    const ends: Record<string, string> = { m1: '2027-10-01T00:00:00Z', m2: '2026-12-01T00:00:00Z' };
    const nodes = state.nodes.map((node) => {
      const certificatesExpireAt = ends[node.hostname];
      return { ...node, ...(certificatesExpireAt === undefined ? {} : { certificatesExpireAt }) };
    });
    const of = {
      ...asked(AskedKind.RenewCertificates),
      args: { expireBy: '2026-12-26T00:00:00Z' },
    };
    const renewed = (known: typeof nodes): string[] =>
      plan({ ...state, nodes: known }, { spec: three, deleting: false, asked: [of] })[0]!.nodes.map(
        ({ hostname }) => hostname,
      );
    expect(renewed(nodes)).toEqual(['m2']);
    expect(renewed(state.nodes as typeof nodes)).toEqual(['m1', 'm2']);
  });

  it('takes a snapshot before an upgrade, at the version that runs', () => {
    const newer = { ...three, config: { ...three.config, kubernetesVersion: 'v1.35.4' } };
    const operations = plan(applied(three), {
      ...{ spec: newer, deleting: false, asked: [asked(AskedKind.Snapshot)] },
    });
    expect(operations.map(({ name, kubernetesVersion }) => [name, kubernetesVersion])).toEqual([
      ['EtcdSnapshot', 'v1.34.4'],
      ['ClusterUpgrade', 'v1.35.4'],
    ]);
  });

  it('waits for a creation, and is nothing to a deletion', () => {
    const none: AppliedState = { initialised: false, created: false, nodes: [] };
    const wanted = { spec: three, asked: [asked(AskedKind.Snapshot)] };
    expect(names(plan(none, { ...wanted, deleting: false }))).toEqual([
      'ClusterCreation',
      'BlueprintSync',
      'EtcdSnapshot',
    ]);
    expect(names(plan(applied(three), { ...wanted, deleting: true }))).toEqual(['ClusterDeletion']);
  });

  it('renews nothing on a node that leaves before the creation is complete', () => {
    const half = { ...applied(three), created: false };
    const operations = plan(half, {
      ...{ spec: spec([c1, w3]), deleting: false, asked: [asked(AskedKind.RenewCertificates)] },
    });
    expect(operations.at(-1)).toMatchObject({
      name: 'CertificateRenewal',
      nodes: [{ hostname: 'm1', path: 'renew-certificates' }],
    });
  });

  it('restores the blueprint, too: its objects are those of the snapshot', () => {
    const [operation] = plan(applied(three), { spec: three, deleting: false, asked: [restore] });
    expect(operation?.clusterSteps).toContain('blueprint-sync');
  });

  it('restores on the first control plane, has the others join it, and keeps the workers', () => {
    const [operation] = plan(applied(three, 'm2'), {
      ...{ spec: three, deleting: false, asked: [restore] },
    });
    expect(operation).toMatchObject({
      asked: { id: 'restore-1', args: { snapshot: 's1' } },
      nodes: [
        { hostname: 'm1', path: 'restore-control-plane' },
        { hostname: 'm2', path: 'restore-leader' },
        { hostname: 'm3', path: 'restore-worker' },
      ],
    });
  });

  it('leaves machines that are on their way in or out to the operations after it', () => {
    const operations = plan(applied(three), {
      ...{ spec: spec([c2, w3, w4]), deleting: false, asked: [restore] },
    });
    expect(operations[0]?.nodes).toEqual([
      { hostname: 'm2', path: 'restore-leader' },
      { hostname: 'm3', path: 'restore-worker' },
    ]);
    expect(names(operations.slice(1))).toEqual(['NodeUpdate', 'NodeRemoval', 'NodeAddition']);
  });

  it('ends a restore that has begun before anything else, unless another one is asked for', () => {
    const half = { ...applied(three), restoring: { id: 'r0', args: { snapshot: 's0' } } };
    const [begun] = plan(half, { spec: three, deleting: false });
    expect(begun).toMatchObject({ name: 'ClusterRestore', asked: { id: 'r0' } });
    const operations = plan(half, { spec: three, deleting: false, asked: [restore] });
    expect(operations.map((each) => each.asked?.id)).toEqual(['restore-1']);
  });
});
