import { describe, expect, test } from 'vitest';

import type { ClusterRecord, NodeRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { NodeStatus, OperationName } from '../core/words.js';
import { clusterRecord } from '../test/api/records.js';
import type { ActivityDeps } from './deps.js';
import { afterStep, beforeClusterStep } from './stepEffects.js';

/** What a step that was done on m2 records of the node and of the cluster. */
async function recorded(step: StepName, applied: Partial<ClusterRecord['applied']> = {}) {
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
    ...{ operation: OperationName.NodeUpdate, operationIndex: 0, hostname: 'm2', step },
  };
  await afterStep(
    { store } as unknown as ActivityDeps,
    ref,
    { record: { ...record, applied: { ...record.applied, ...applied } }, nodes: [] },
    on,
    { outcome: 'done', results: {} } as never,
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
    await beforeClusterStep(
      { store } as unknown as ActivityDeps,
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

  test('a sync of the blueprint, and not a look at it or what a restore applies', async () => {
    const operation = OperationName.BlueprintSync;
    expect(await begun('namespace-sync', { operation })).toEqual({ blueprintBegun: true });
    expect(await begun('cni', { operation })).toMatchObject({ blueprintBegun: true });
    expect(await begun('blueprint-drift', { operation })).toEqual({});
    const restore = OperationName.ClusterRestore;
    expect(await begun('blueprint-sync', { operation: restore })).toEqual({});
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

  test('not by its drain, which is taken back', async () => {
    expect(await begun('drain', { status: NodeStatus.Ready })).toEqual([]);
  });

  test.each(['etcd-member-remove', 'node-delete'] as const)(
    'by %s, where it is the first: a plain worker has no member',
    async (step) => {
      const leaving = { leaving: true, status: NodeStatus.Deleting };
      expect(await begun(step, { status: NodeStatus.Ready })).toEqual([leaving]);
      expect(await begun(step, leaving)).toEqual([]);
    },
  );
});

test("a machine that was given back is nobody's, and is not asked once more", async () => {
  const { node } = await recorded('release');
  expect(node).toEqual({ claimed: false, joined: false });
});

describe('what a kubelet was given is recorded', () => {
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
