import { describe, expect, test } from 'vitest';

import type { NodeSpec } from '../core/cluster.js';
import type { ClusterRecord, NodeRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { NodeStatus, OperationName } from '../core/words.js';
import { clusterRecord, nodeRecord } from '../test/api/records.js';
import type { ActivityDeps } from './deps.js';
import { afterStep, beforeClusterStep, beforeStep } from './stepEffects.js';

/** What a step that was done on m2 records of the node and of the cluster. */
async function recorded(
  step: StepName,
  applied: Partial<ClusterRecord['applied']> = {},
  {
    operation = OperationName.NodeUpdate,
    outcome = 'done',
    known = {},
  }: { operation?: OperationName; outcome?: 'done' | 'skipped'; known?: Partial<NodeRecord> } = {},
) {
  const record = clusterRecord();
  const { config } = record.desired.spec;
  config.kubeletConfigurationOverrides = 'maxPods: 99\n';
  config.kubeletExtraArgs = { v: '2' };
  const on = { ...config.nodes[1]!, kubeletExtraArgs: { v: '4' } };
  const found: { node: Partial<NodeRecord>; applied: Partial<ClusterRecord['applied']> } = {
    node: {},
    applied: {},
  };
  const store = {
    nodes: {
      upsert: (_id: string, _hostname: string, set: Partial<NodeRecord>) => {
        Object.assign(found.node, set);
        return Promise.resolve();
      },
    },
    clusters: {
      setApplied: (_id: string, set: Partial<ClusterRecord['applied']>) => {
        Object.assign(found.applied, set);
        return Promise.resolve();
      },
    },
  };
  const ref = {
    ...{ project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' },
    ...{ operation, operationIndex: 0, hostname: 'm2', step },
  };
  await afterStep(
    { store } as unknown as ActivityDeps,
    ref,
    {
      record: { ...record, applied: { ...record.applied, ...applied } },
      nodes: [nodeRecord(on, known)],
    },
    on,
    { outcome, results: {} } as never,
  );
  return found;
}

const own = '{"flags":{"v":"4"},"overrides":""}';

describe('what a spec that may never be applied whole has begun to change is recorded', () => {
  async function begun(
    step: StepName,
    {
      operation = OperationName.NodeUpdate,
      change = true,
      known = {},
    }: { operation?: OperationName; change?: boolean; known?: object } = {},
  ): Promise<object> {
    const record = clusterRecord();
    const applied = structuredClone(record.desired.spec);
    if (change) record.desired.spec.config.nodes[1]!.labels = { a: 'b' };
    const found = {};
    const whole = { ...record, applied: { ...record.applied, spec: applied, ...known } };
    const store = {
      clusters: {
        getById: () => Promise.resolve(whole),
        setApplied: (_id: string, set: object) => Promise.resolve(void Object.assign(found, set)),
      },
    };
    const source = { manifest: () => Promise.resolve('') };
    await beforeClusterStep(
      { store, source } as unknown as ActivityDeps,
      {
        ...{ project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' },
        ...{ operation, operationIndex: 0, step },
      },
      { record: whole, nodes: [] },
    );
    return found;
  }

  test('labels and the like, where they are others than those that were applied', async () => {
    expect(await begun('node-metadata')).toEqual({ metadataBegun: true });
    expect(await begun('node-metadata', { change: false })).toEqual({});
    expect(await begun('node-metadata', { known: { metadataBegun: true } })).toEqual({});
  });

  test('a sync of the blueprint, and not a look at it', async () => {
    const operation = OperationName.BlueprintSync;
    expect(await begun('namespace-sync', { operation })).toEqual({ blueprintBegun: true });
    expect(await begun('cni', { operation })).toMatchObject({ blueprintBegun: true });
    expect(await begun('blueprint-drift', { operation })).toEqual({});
  });

  test('what a restore applies, where no sync has brought it', async () => {
    const operation = OperationName.ClusterRestore;
    const same = { blueprint: { name: 'default' }, placement: '{}' };
    const at = (known: object) => begun('blueprint-sync', { operation, known });
    expect(await at(same)).toEqual({});
    expect(await at({ ...same, placement: undefined })).toEqual({});
    expect(await at({ ...same, blueprint: { name: 'minimal' } })).toEqual({ blueprintBegun: true });
    const elsewhere = '{"nodeSelector":{"of":"a"}}';
    expect(await at({ ...same, placement: elsewhere })).toEqual({ blueprintBegun: true });
  });
});

describe('that a node has begun to leave is recorded', () => {
  async function begun(step: StepName, known: Partial<NodeRecord>): Promise<object[]> {
    const record = clusterRecord();
    const written: object[] = [];
    const upsert = (_id: string, _hostname: string, set: object) =>
      Promise.resolve(void written.push(set));
    await beforeClusterStep(
      { store: { nodes: { upsert } } } as unknown as ActivityDeps,
      {
        ...{ project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' },
        ...{ operation: OperationName.NodeRemoval, operationIndex: 0, step, subject: 'm2' },
      },
      { record, nodes: [{ hostname: 'm2', ...known } as NodeRecord] },
    );
    return written;
  }

  test('not by its drain, which is taken back: of that it may be left cordoned', async () => {
    expect(await begun('drain', { status: NodeStatus.Ready })).toEqual([{ cordoned: true }]);
  });

  test.each(['etcd-member-remove', 'node-delete'] as const)(
    'by %s, where it is the first: a plain worker has no member',
    async (step) => {
      const leaving = { leaving: true, status: NodeStatus.Deleting };
      expect(await begun(step, { status: NodeStatus.Ready })).toEqual([leaving]);
      expect(await begun(step, leaving)).toEqual([]);
      // It has left, been forgotten, and is wanted again: its removal is done once more.
      expect(await begun(step, { claimed: false, status: NodeStatus.Pending })).toEqual([]);
    },
  );
});

test("a machine that was given back is nobody's, and is not asked once more", async () => {
  const { node } = await recorded('release');
  expect(node).toEqual({ claimed: false, joined: false });
});

test('a node that is about to be reset is no member to count on, whoever was told', async () => {
  const on = clusterRecord().desired.spec.config.nodes[1]!;
  const begun = async (known: Partial<NodeRecord>): Promise<object[]> => {
    const written: object[] = [];
    const upsert = (_id: string, _hostname: string, set: object) =>
      Promise.resolve(void written.push(set));
    await beforeStep(
      { store: { nodes: { upsert } } } as unknown as ActivityDeps,
      {
        ...{ project: 'p', name: 'demo', clusterId: 'c', generation: 1, tasksetId: 't' },
        ...{ operation: OperationName.NodeRemoval, operationIndex: 0, step: 'reset' },
        hostname: 'm2',
      },
      { record: clusterRecord(), nodes: [nodeRecord(on, known)] },
      on,
    );
    return written;
  };
  expect(await begun({ claimed: true })).toEqual([{ leaving: true, status: NodeStatus.Deleting }]);
  // Clean already.
  expect(await begun({ claimed: false })).toEqual([]);
});

test('whose images a machine was given is recorded', async () => {
  expect((await recorded('images')).node).toEqual({ parts: 'default' });
});

describe('a join is recorded', () => {
  const operation = OperationName.NodeAddition;

  test.each(['kubeadm-join', 'kubeadm-join-control-plane'] as const)(
    '%s: with its version, and that its labels are to be set, which an earlier life may have had',
    async (step) => {
      const { node, applied } = await recorded(step, {}, { operation });
      expect(node).toMatchObject({ joined: true, kubernetesVersion: 'v1.34.4' });
      expect(applied).toEqual({ metadataBegun: true });
      expect((await recorded(step, { metadataBegun: true }, { operation })).applied).toEqual({});
      // These set them before they are done.
      for (const other of [OperationName.ClusterCreation, OperationName.ClusterRestore]) {
        expect((await recorded(step, {}, { operation: other })).applied).toEqual({});
      }
    },
  );

  test('of a node that had joined before, without a version: it runs what it was given then', async () => {
    const { node } = await recorded('kubeadm-join', {}, { operation, outcome: 'skipped' });
    expect(node.joined).toBe(true);
    expect(node.kubernetesVersion).toBeUndefined();
  });
});

describe('what a kubelet was given is recorded', () => {
  test('of the control plane that a restore starts anew, and of the ConfigMap that it makes', async () => {
    const restored = (outcome: 'done' | 'skipped') =>
      recorded('control-plane-restore', { kubelet: 'maxPods: 55' }, { outcome });
    const { node, applied } = await restored('done');
    expect(node.kubelet).toEqual({ shared: 'maxPods: 99', own });
    expect(applied.kubelet).toBe('maxPods: 99');
    expect(await restored('skipped')).toEqual({ node: {}, applied: {} });
  });

  test('by an upgrade: what the ConfigMap holds, and its own as it was', async () => {
    const known = { kubelet: { shared: 'maxPods: 44', own: 'as it was' } };
    const upgraded = (set: Partial<NodeRecord>) =>
      recorded('kubeadm-upgrade', { kubelet: 'maxPods: 55' }, { known: set });
    const { node } = await upgraded(known);
    expect(node).toEqual({ kubelet: { shared: 'maxPods: 55', own: 'as it was' } });
    expect((await upgraded({})).node).toEqual({});
  });

  test('of the first control plane, and with it what the ConfigMap holds', async () => {
    const { node, applied } = await recorded('kubeadm-init');
    expect(node.kubelet).toEqual({ shared: 'maxPods: 99', own });
    expect(applied.kubelet).toBe('maxPods: 99');
  });

  test.each(['kubeadm-join', 'kubeadm-join-control-plane', 'kubelet-config'] as const)(
    '%s: the cluster part is what the ConfigMap holds, not what the spec says',
    async (step) => {
      const { node } = await recorded(step, { kubelet: 'maxPods: 55' });
      expect(node.kubelet).toEqual({ shared: 'maxPods: 55', own });
    },
  );
});

test('that a node may be cordoned is recorded from before its drain until it takes pods again', async () => {
  const on = { ...clusterRecord().desired.spec.config.nodes[1]!, hostname: 'm2' };
  const written: object[] = [];
  const upsert = (_id: string, _hostname: string, set: object) =>
    Promise.resolve(void written.push(set));
  const record = clusterRecord();
  const loaded = { record, nodes: [nodeRecord(on)] };
  const deps = { store: { nodes: { upsert } } } as unknown as ActivityDeps;
  const ref = (step: StepName) => ({
    ...{ project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' },
    ...{ operation: OperationName.ClusterUpgrade, operationIndex: 0, hostname: 'm2', step },
  });
  await beforeStep(deps, ref('upgrade-drain'), loaded, on);
  await afterStep(deps, ref('uncordon'), loaded, on, { outcome: 'skipped', results: {} } as never);
  expect(written).toEqual([{ cordoned: true }, { cordoned: false }]);
});

describe('that an upgrade of Kubernetes has begun is recorded before it may have changed anything', () => {
  const begun = async (roles: NodeSpec['roles'], applied: Partial<ClusterRecord['applied']>) => {
    const on = { ...clusterRecord().desired.spec.config.nodes[0]!, roles };
    const written: object[] = [];
    const setApplied = (_id: string, set: object) => Promise.resolve(void written.push(set));
    const deps = { store: { clusters: { setApplied } } } as unknown as ActivityDeps;
    const record = clusterRecord();
    const ref = {
      ...{ project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' },
      ...{ operation: OperationName.ClusterUpgrade, operationIndex: 0, hostname: on.hostname },
    };
    const loaded = {
      record: { ...record, applied: { ...record.applied, ...applied } },
      nodes: [nodeRecord(on)],
    };
    await beforeStep(deps, { ...ref, step: 'kubeadm-upgrade' }, loaded, on);
    return written;
  };
  const wanted = clusterRecord().desired.spec.config.kubernetesVersion;

  test('of a control plane, once', async () => {
    const older = { kubernetesVersion: 'v1.33.1' };
    expect(await begun(['ControlPlane'], older)).toEqual([{ upgradeBegun: wanted }]);
    expect(await begun(['ControlPlane'], { ...older, upgradeBegun: wanted })).toEqual([]);
    expect(await begun(['ControlPlane'], { kubernetesVersion: wanted })).toEqual([]);
  });

  test('not of a worker, whose kubelet comes back to what its control plane is', async () => {
    expect(await begun(['Worker'], { kubernetesVersion: 'v1.33.1' })).toEqual([]);
  });

  test('and forgotten where a restore has taken the data back', async () => {
    const { applied } = await recorded('control-plane-restore', { upgradeBegun: wanted });
    expect(applied.upgradeBegun).toBeNull();
  });
});
