import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

import {
  CANCEL_SIGNAL,
  CHANGED_SIGNAL,
  CLUSTER_WORKFLOW_TYPE,
  clusterWorkflowId,
  REQUEST_ID_MEMO,
  ROLLOUT_WORKFLOW_TYPE,
  rolloutWorkflowId,
  TASK_QUEUE,
  type ClusterWorkflowInput,
  type RolloutWorkflowInput,
  type SignalOrigin,
} from '../core/clusterWorkflow.js';
import { AppError, ErrorCode } from '../core/errors.js';

/** The clusters' workflows, as the API needs them. */
export interface ClusterWorkflows {
  /**
   * Has the cluster's workflow look at what is desired; starts it where it does not run. `requestId` is kept
   * in its memo and in the signal; operations name the request that is kept with the change (ClusterRecord.submittedBy).
   */
  notify(project: string, name: string, requestId?: string): Promise<void>;
  /** Ends the running operation at its next safe point. False when no workflow runs. */
  cancel(project: string, name: string, requestId?: string): Promise<boolean>;
  isRunning(project: string, name: string): Promise<boolean>;
  /** Has a blueprint's newest version come to the clusters that follow it; one that is under way looks again. */
  rollOut(project: string, blueprint: string): Promise<void>;
  /** Whether one is under way. */
  isRollingOut(project: string, blueprint: string): Promise<boolean>;
  /** Fails unless the server answers within 2 s. */
  ping(): Promise<void>;
}

/** A request waits this long for Temporal; what it could not deliver, the reconciler does. */
const DEADLINE_MS = 2_000;

/** What Temporal's Web UI tells whoever sees such a workflow for the first time. */
const CLUSTER_DETAILS = [
  'Runs while there is something to do for the cluster, one taskset after the other. Each operation of a taskset is a',
  'child (see Relationships), and has a child for each machine. It ends when all is done, or has failed and waits for',
  'somebody to apply again or retry; who asked is in the memo, as the id of the request.',
].join(' ');

const PROJECT = defineSearchAttributeKey('PlinthProject', 'KEYWORD');
const CLUSTER = defineSearchAttributeKey('PlinthCluster', 'KEYWORD');

/**
 * Over a Temporal client. Every method fails with AppError ConnectionLost when Temporal cannot be reached
 * within 2 s.
 */
export function createClusterWorkflows(client: Client): ClusterWorkflows {
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await client.withDeadline(Date.now() + DEADLINE_MS, work);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw error;
      throw new AppError(ErrorCode.ConnectionLost, 'Temporal does not answer', { cause: error });
    }
  };
  const runs = (workflowId: string): Promise<boolean> =>
    unlessNotFound(false, async () => {
      const { status } = await ask(() => client.workflow.getHandle(workflowId).describe());
      return status.name === 'RUNNING';
    });
  return {
    async notify(project, name, requestId) {
      const origin: SignalOrigin = requestId === undefined ? {} : { requestId };
      const input: ClusterWorkflowInput = { project, name, ...origin };
      await ask(() =>
        client.workflow.signalWithStart(CLUSTER_WORKFLOW_TYPE, {
          workflowId: clusterWorkflowId(project, name),
          taskQueue: TASK_QUEUE,
          args: [input],
          signal: CHANGED_SIGNAL,
          signalArgs: [origin],
          ...(requestId === undefined ? {} : { memo: { [REQUEST_ID_MEMO]: requestId } }),
          staticSummary: `Cluster ${name} of project ${project}`.slice(0, 200),
          staticDetails: CLUSTER_DETAILS,
          typedSearchAttributes: new TypedSearchAttributes([
            { key: PROJECT, value: project },
            { key: CLUSTER, value: name },
          ]),
        }),
      );
    },
    async cancel(project, name, requestId) {
      const origin: SignalOrigin = requestId === undefined ? {} : { requestId };
      return unlessNotFound(false, async () => {
        const handle = client.workflow.getHandle(clusterWorkflowId(project, name));
        await ask(() => handle.signal(CANCEL_SIGNAL, origin));
        return true;
      });
    },
    isRunning: (project, name) => runs(clusterWorkflowId(project, name)),
    async rollOut(project, name) {
      const input: RolloutWorkflowInput = { project, name };
      await ask(() =>
        client.workflow.signalWithStart(ROLLOUT_WORKFLOW_TYPE, {
          workflowId: rolloutWorkflowId(project, name),
          taskQueue: TASK_QUEUE,
          args: [input],
          signal: CHANGED_SIGNAL,
          signalArgs: [{}],
          staticSummary: `Blueprint ${name} of project ${project}`.slice(0, 200),
          typedSearchAttributes: new TypedSearchAttributes([{ key: PROJECT, value: project }]),
        }),
      );
    },
    isRollingOut: (project, name) => runs(rolloutWorkflowId(project, name)),
    async ping() {
      await ask(async () => client.connection.workflowService.getSystemInfo({}));
    },
  };
}

async function unlessNotFound<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return otherwise;
    throw error;
  }
}
