/**
 * The words of the wire, verbatim: what clients of the V3 cluster API compare strings with.
 * Everywhere else the code uses them from here.
 */

/** `status.commonStatus.conditionStatus`. */
export const CommonConditionStatus = { NotSet: 0, Submitted: 1, Ok: 2, Failed: 3 } as const;
export type CommonConditionStatus =
  (typeof CommonConditionStatus)[keyof typeof CommonConditionStatus];

/** `status.commonStatus.conditionType`: the only one clients know. */
export const COMMON_CONDITION_TYPE = 'ClusterOperationApplied';

/** `status.conditions[].type`, in the order in which a cluster reaches them. */
export const ConditionType = {
  Register: 'ClusterRegisterSucceeded',
  Approve: 'ClusterApproveSucceeded',
  CheckIn: 'ClusterCheckInSucceeded',
  NodeSync: 'ClusterNodeSyncSucceeded',
  NamespaceSync: 'ClusterNamespaceSyncSucceeded',
  BlueprintSync: 'ClusterBlueprintSyncSucceeded',
  Ready: 'ClusterReady',
} as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

export const ConditionStatus = { True: 'True', False: 'False', Unknown: 'Unknown' } as const;
export type ConditionStatus = (typeof ConditionStatus)[keyof typeof ConditionStatus];

export const TasksetStatus = {
  Pending: 'PROVISION_TASKSET_STATUS_PENDING',
  InProgress: 'PROVISION_TASKSET_STATUS_INPROGRESS',
  Complete: 'PROVISION_TASKSET_STATUS_COMPLETE',
  Failed: 'PROVISION_TASKSET_STATUS_FAILED',
} as const;
export type TasksetStatus = (typeof TasksetStatus)[keyof typeof TasksetStatus];

/** Nothing more will come of a taskset of this status. */
export function isTerminal(status: TasksetStatus): boolean {
  return status === TasksetStatus.Complete || status === TasksetStatus.Failed;
}

export const OperationStatus = {
  Pending: 'PROVISION_TASK_STATUS_PENDING',
  InProgress: 'PROVISION_TASK_STATUS_INPROGRESS',
  Success: 'PROVISION_TASK_STATUS_SUCCESS',
  Failed: 'PROVISION_TASK_STATUS_FAILED',
} as const;
export type OperationStatus = (typeof OperationStatus)[keyof typeof OperationStatus];

export const OperationName = {
  ClusterCreation: 'ClusterCreation',
  ClusterUpgrade: 'ClusterUpgrade',
  NodeAddition: 'NodeAddition',
  NodeRemoval: 'NodeRemoval',
  NodeUpdate: 'NodeUpdate',
  BlueprintSync: 'BlueprintSync',
  EtcdSnapshot: 'EtcdSnapshot',
  ClusterRestore: 'ClusterRestore',
  CertificateRenewal: 'CertificateRenewal',
  ClusterDeletion: 'ClusterDeletion',
} as const;
export type OperationName = (typeof OperationName)[keyof typeof OperationName];

export const ProvisionStatus = {
  NotStarted: 'CLUSTER_PROVISION_NOT_STARTED',
  InfraInProgress: 'INFRA_CREATION_INPROGRESS',
  InfraFailed: 'INFRA_CREATION_FAILED',
  BootstrapInProgress: 'BOOTSTRAP_CREATION_INPROGRESS',
  BootstrapFailed: 'BOOTSTRAP_CREATION_FAILED',
  InProgress: 'CLUSTER_PROVISION_INPROGRESS',
  Failed: 'CLUSTER_PROVISION_FAILED',
  Complete: 'CLUSTER_PROVISION_COMPLETE',
  DeletionInProgress: 'CLUSTER_DELETION_INPROGRESS',
  DeletionFailed: 'CLUSTER_DELETION_FAILED',
} as const;
export type ProvisionStatus = (typeof ProvisionStatus)[keyof typeof ProvisionStatus];

/** `status.mks.nodes[].status`. */
export const NodeStatus = {
  Pending: 'PENDING',
  Discovered: 'DISCOVERED',
  Approved: 'APPROVED',
  Provisioning: 'PROVISIONING',
  Ready: 'READY',
  NotReady: 'NOT_READY',
  Failed: 'FAILED',
  Deleting: 'DELETING',
  Orphaned: 'ORPHANED',
} as const;
export type NodeStatus = (typeof NodeStatus)[keyof typeof NodeStatus];

export const Role = { ControlPlane: 'ControlPlane', Worker: 'Worker', Storage: 'Storage' } as const;
export type Role = (typeof Role)[keyof typeof Role];

export const API_VERSION = 'infra.k8smgmt.io/v3';
