/** Names that the API and the workflows agree on; pure, so both may import them. */

export const CLUSTER_WORKFLOW_TYPE = 'cluster';
export const TASK_QUEUE = 'plinth';
/** Sent by signal-with-start on every accepted change; carries nothing: the workflow reads the store. */
export const CHANGED_SIGNAL = 'changed';
/** Ends the running operation at the next safe point. */
export const CANCEL_SIGNAL = 'cancel';

/** The id is the lock: one cluster workflow, hence one operation at a time, per cluster. */
export function clusterWorkflowId(project: string, name: string): string {
  return `cluster/${project}/${name}`;
}

/** Input of the cluster workflow. */
export interface ClusterWorkflowInput {
  project: string;
  name: string;
}

/** Search attributes (Keyword), registered at the start of the embedded server and by the compose file. */
export const SEARCH_ATTRIBUTES = [
  'PlinthProject',
  'PlinthCluster',
  'PlinthTaskset',
  'PlinthOperation',
] as const;
