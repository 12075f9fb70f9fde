import { OperationName, OperationStatus, TasksetStatus } from '../../core/words.js';

export const STEP_EXAMPLE = {
  ...{ name: 'kubeadm-init', title: 'Initialise the control plane', state: 'done' },
  ...{ tasksetId: 'lk5xw2e', operation: OperationName.ClusterCreation, attempt: 1 },
  ...{ startedAt: '2026-11-24T08:24:31.002000Z', endedAt: '2026-11-24T08:24:49.518000Z' },
} as const;

const HEAD = {
  ...{ id: 'lk5xw2e', sequence: 1, generation: 1, status: TasksetStatus.Complete },
  comments: 'Configuration is applied to the cluster successfully',
  ...{ createdAt: '2026-11-24T08:23:39.000000Z', endedAt: '2026-11-24T08:25:11.207000Z' },
} as const;

const OPERATION = {
  ...{ name: OperationName.ClusterCreation, resourceName: 'demo-cluster' },
  ...{ status: OperationStatus.Success, reason: 'the cluster does not exist yet' },
  workflowId: 'ClusterCreation/defaultproject/demo-cluster/lk5xw2e',
  ...{ startedAt: '2026-11-24T08:23:39.100000Z', endedAt: '2026-11-24T08:25:11.100000Z' },
} as const;

export const TASKSET_SUMMARY_EXAMPLE = {
  ...HEAD,
  operations: [{ ...OPERATION, nodes: ['ap-node1'] }],
} as const;

export const TASKSET_DETAILS_EXAMPLE = {
  ...HEAD,
  operations: [
    {
      ...OPERATION,
      nodes: [{ hostname: 'ap-node1', path: 'leader', steps: [STEP_EXAMPLE] }],
      ...{ leave: [], clusterSteps: ['check-in', 'node-metadata'] },
    },
  ],
} as const;

export const LOG_EXAMPLE = `==> ClusterCreation: node ap-node1, step kubeadm-init, attempt 1
[init] Using Kubernetes version: v1.34.4
`;
