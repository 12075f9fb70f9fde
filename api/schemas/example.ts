/** The cluster of the examples in the API's document. */
export const CLUSTER_EXAMPLE = {
  apiVersion: 'infra.k8smgmt.io/v3',
  kind: 'Cluster',
  metadata: { name: 'demo-cluster', project: 'defaultproject' },
  spec: {
    type: 'mks',
    config: {
      location: 'sanjose-us',
      autoApproveNodes: true,
      kubernetesVersion: 'v1.34.4',
      network: {
        cni: { name: 'Calico', version: '3.28.5' },
        podSubnet: '10.244.0.0/16',
        serviceSubnet: '10.96.0.0/12',
      },
      nodes: [
        {
          hostname: 'ap-node1',
          operatingSystem: 'Debian12',
          arch: 'amd64',
          privateIP: '10.0.0.93',
          roles: ['Worker', 'ControlPlane'],
          labels: { app: 'infra' },
          ssh: {
            privateKeyPath: 'id_ed25519',
            username: 'ops',
            port: '22',
            ipAddress: '158.101.45.62',
          },
        },
      ],
    },
    blueprint: { name: 'default' },
  },
} as const;

/** The same as it is answered. */
export const CLUSTER_VIEW_EXAMPLE = {
  ...CLUSTER_EXAMPLE,
  metadata: {
    ...CLUSTER_EXAMPLE.metadata,
    modifiedAt: '2026-11-24T14:41:57.051000Z',
    resourceVersion: 'pd270k4-3',
  },
} as const;

export const STATUS_EXAMPLE = {
  ...CLUSTER_VIEW_EXAMPLE,
  status: {
    id: 'pd270k4',
    name: 'demo-cluster',
    displayName: 'demo-cluster',
    createdAt: '2026-11-24T08:23:38Z',
    conditions: [
      { type: 'ClusterRegisterSucceeded', status: 'True', reason: 'registered' },
      { type: 'ClusterCheckInSucceeded', status: 'True', reason: 'checked in' },
      { type: 'ClusterNodeSyncSucceeded', status: 'True', reason: 'all nodes synced' },
      { type: 'ClusterNamespaceSyncSucceeded', status: 'True', reason: 'all namespaces synced' },
      {
        type: 'ClusterBlueprintSyncSucceeded',
        status: 'True',
        reason: 'all tasks/workloads synced',
      },
      { type: 'ClusterReady', status: 'True', reason: 'blueprint synced' },
    ],
    extra: { vaultIntegration: {} },
    blueprint: { name: 'default' },
    provisionStatus: 'CLUSTER_PROVISION_COMPLETE',
    commonStatus: {
      conditionType: 'ClusterOperationApplied',
      conditionStatus: 2,
      lastUpdated: { seconds: 1795531317, nanos: 51000000 },
      reason: 'clusterOperation is applied',
    },
    lastTasksets: [
      {
        tasksetId: 'yemp028',
        tasksetOperations: [
          {
            operationName: 'ClusterCreation',
            resourceName: 'demo-cluster',
            operationStatus: 'PROVISION_TASK_STATUS_SUCCESS',
          },
          {
            operationName: 'BlueprintSync',
            resourceName: 'demo-cluster',
            operationStatus: 'PROVISION_TASK_STATUS_SUCCESS',
          },
        ],
        tasksetStatus: 'PROVISION_TASKSET_STATUS_COMPLETE',
        comments: 'Configuration is applied to the cluster successfully',
      },
    ],
    mks: { nodes: [{ hostname: 'ap-node1', status: 'READY' }] },
  },
};

/** After `retry` or `cancel`: it is still being worked on. */
export const WORKING_EXAMPLE = {
  ...STATUS_EXAMPLE,
  status: {
    ...STATUS_EXAMPLE.status,
    commonStatus: {
      ...STATUS_EXAMPLE.status.commonStatus,
      ...{ conditionStatus: 1, reason: 'a retry was submitted' },
    },
  },
};

/** The metadata of a list that is one page. */
export const LIST_METADATA_EXAMPLE = { count: 1, limit: 100, offset: 0 } as const;
