import type { UpkeepPage } from '../core/upkeep.js';
import { checkRestore } from './checkRestore.js';
import { runClusterStep } from './clusterStep.js';
import { gatherFacts } from './facts.js';
import { classified } from './failure.js';
import { storeKubeconfig } from './kubeconfig.js';
import { failNode, runNodeStep } from './nodeStep.js';
import {
  beginOperation,
  endOperation,
  endTaskset,
  forgetNode,
  markControlPlaneUp,
  markNodes,
} from './operations.js';
import { orphanNode } from './orphanNode.js';
import { preflightCluster, type Unreachable } from './preflightCluster.js';
import type {
  ClusterRef,
  ClusterStepRef,
  NodeRef,
  OperationOutcome,
  OperationRef,
  SnapshotRef,
  StepRef,
  Work,
} from './refs.js';
import { advanceRollout, beginRollout } from './rollouts.js';
import { pruneSnapshots, takeSnapshot } from './snapshots.js';
import { isDeleting, removeCluster, takeWork } from './tasksets.js';
import { upkeepPage, type UpkeepDeps } from './upkeep.js';

import type { WebhookDeliveryInput } from '../core/webhooks.js';
import { deliverWebhook, giveUpWebhook } from './webhooks.js';

/** Everything workflows may do to the world. Each one is idempotent: Temporal may run it again. */
export function createActivities(deps: UpkeepDeps) {
  return classified({
    takeWork: (input: ClusterRef & { tasksetId: string }) => takeWork(deps, input),
    isDeleting: (ref: ClusterRef) => isDeleting(deps, ref),
    beginOperation: (ref: OperationRef) => beginOperation(deps, ref),
    endOperation: (ref: OperationRef, outcome: OperationOutcome) =>
      endOperation(deps, ref, outcome),
    endTaskset: (ref: ClusterRef, work: Work, outcomes: OperationOutcome[]) =>
      endTaskset(deps, ref, work, outcomes),
    orphanNode: (ref: NodeRef & { reason: string }) => orphanNode(deps, ref),
    removeCluster: (ref: ClusterRef & { clusterId: string }) => removeCluster(deps, ref),
    gatherFacts: (ref: NodeRef) => gatherFacts(deps, ref),
    preflightCluster: (
      ref: OperationRef,
      input: { hostnames: string[]; unreachable: Unreachable[] },
    ) => preflightCluster(deps, ref, input),
    checkRestore: (ref: OperationRef) => checkRestore(deps, ref),
    runNodeStep: (ref: StepRef) => runNodeStep(deps, ref),
    runClusterStep: (ref: ClusterStepRef) => runClusterStep(deps, ref),
    storeKubeconfig: (ref: OperationRef) => storeKubeconfig(deps, ref),
    takeSnapshot: (ref: SnapshotRef) => takeSnapshot(deps, ref),
    pruneSnapshots: (ref: OperationRef) => pruneSnapshots(deps, ref),
    failNode: (ref: Parameters<typeof failNode>[1]) => failNode(deps, ref),
    forgetNode: (ref: OperationRef & { hostname: string }) => forgetNode(deps, ref),
    markControlPlaneUp: (ref: OperationRef) => markControlPlaneUp(deps, ref),
    beginRollout: (ref: ClusterRef) => beginRollout(deps, ref),
    advanceRollout: (ref: ClusterRef) => advanceRollout(deps, ref),
    upkeepPage: (page: UpkeepPage) => upkeepPage(deps, page),
    deliverWebhook: (input: WebhookDeliveryInput) => deliverWebhook(deps, input),
    giveUpWebhook: (input: WebhookDeliveryInput, problem: string) =>
      giveUpWebhook(deps, input, problem),
    markNodes: (ref: OperationRef, failures: string[]) => markNodes(deps, ref, failures),
  });
}

export type Activities = ReturnType<typeof createActivities>;
