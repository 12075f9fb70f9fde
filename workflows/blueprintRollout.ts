import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

import { clusterWorkflowId, type RolloutWorkflowInput } from '../core/clusterWorkflow.js';
import { cluster } from './cluster.js';
import { changedSignal } from './messages.js';
import { records } from './proxies.js';
import { clusterSearchAttributes } from './searchAttributes.js';

/** Clusters take minutes: looked at soon after they were asked, then less and less often. */
const SOONEST_SECONDS = 2;
const LATEST_SECONDS = 20;

/**
 * Brings a blueprint's newest version to the clusters that follow it, some at a time; all that is known of it lies in
 * the store. A version that comes meanwhile begins anew: those that have not been asked get that one.
 */
export async function blueprintRollout(
  input: RolloutWorkflowInput & { goOn?: boolean },
): Promise<void> {
  const { project, name, goOn = false } = input;
  let changed = !goOn;
  let ended = false;
  let seconds = SOONEST_SECONDS;
  setHandler(changedSignal, () => {
    changed = true;
  });
  // What comes while something is awaited, too.
  const hasNews = (): boolean => changed;
  for (;;) {
    if (changed) {
      changed = false;
      ended = false;
      seconds = SOONEST_SECONDS;
      const begun = await records.beginRollout({ project, name });
      if (begun === undefined) ended = true;
    }
    if (!ended) {
      const turn = await records.advanceRollout({ project, name });
      setCurrentDetails(`version ${turn.version}${turn.ended ? ', ended' : ''}`);
      for (const asked of turn.asked) await tellCluster(project, asked);
      ended = turn.ended;
      seconds = turn.asked.length > 0 ? SOONEST_SECONDS : Math.min(seconds * 1.5, LATEST_SECONDS);
    }
    if (ended && !hasNews()) return;
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof blueprintRollout>({ project, name, goOn: !hasNews() });
    }
    await condition(hasNews, seconds * 1000);
  }
}

/** Starts the cluster's workflow, which outlives this one, or tells the one that runs to look again. */
async function tellCluster(project: string, name: string): Promise<void> {
  const workflowId = clusterWorkflowId(project, name);
  try {
    await startChild(cluster, {
      workflowId,
      args: [{ project, name }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `Cluster ${name} of project ${project}`.slice(0, 200),
      typedSearchAttributes: clusterSearchAttributes(project, name),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // It may end in this very moment: then the reconciler starts it, for there is something to do.
    await getExternalWorkflowHandle(workflowId)
      .signal(changedSignal, {})
      .catch(() => undefined);
  }
}
