/** Names that the API and the workflows agree on; pure, so both may import them. */

export const CLUSTER_WORKFLOW_TYPE = 'cluster';
export const TASK_QUEUE = 'plinth';
/** Sent by signal-with-start on every accepted change; what is desired the workflow reads from the store. */
export const CHANGED_SIGNAL = 'changed';
/** Ends the running operation at the next safe point. */
export const CANCEL_SIGNAL = 'cancel';

/** The id is the lock: one cluster workflow, hence one operation at a time, per cluster. */
export function clusterWorkflowId(project: string, name: string): string {
  return `cluster/${project}/${name}`;
}

/** Brings a blueprint's newest version to the clusters that follow it. */
export const ROLLOUT_WORKFLOW_TYPE = 'blueprintRollout';

/** One rollout at a time of a blueprint. */
export function rolloutWorkflowId(project: string, name: string): string {
  return `blueprint/${project}/${name}`;
}

/** Input of the rollout workflow. */
export interface RolloutWorkflowInput {
  project: string;
  name: string;
}

/** Input of the cluster workflow. */
export interface ClusterWorkflowInput {
  project: string;
  name: string;
  /** Of the request that started it; absent where the reconciler did. */
  requestId?: string;
}

/** What a signal says of where it comes from: seen in the workflow's history, and in its operations' memos. */
export interface SignalOrigin {
  requestId?: string;
}

/** The memo that holds the id of the request that a workflow goes back to. */
export const REQUEST_ID_MEMO = 'requestId';

/** Search attributes (Keyword), registered at the start of the embedded server and by the compose file. */
export const SEARCH_ATTRIBUTES = [
  'PlinthProject',
  'PlinthCluster',
  'PlinthTaskset',
  'PlinthOperation',
] as const;
