import type { ResolvedBlueprint } from '../core/blueprints.js';
import type { OperationPlan } from '../core/plan.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import type { StepName } from '../core/steps.js';
import type { OperationName } from '../core/words.js';

/** Which cluster. */
export interface ClusterRef {
  project: string;
  name: string;
}

/** Secrets of a cluster's name lie under its project and name: they are there before its first id is. */
export function secretsOwner(of: ClusterRef): string {
  return `${of.project}/${of.name}`;
}

/** Which operation of which taskset: everything else is read from the store. */
export interface OperationRef extends ClusterRef {
  clusterId: string;
  generation: number;
  tasksetId: string;
  operation: OperationName;
  operationIndex: number;
  /** The version its steps work with, where that is not the spec's. */
  kubernetesVersion?: string;
  /** The same of Calico. */
  cniVersion?: string;
  /** What the spec's blueprint stands for, where it is not built in. */
  blueprint?: ResolvedBlueprint;
  /** It does the sync of this number. */
  sync?: number;
  /** The request it goes back to, for logs. */
  requestId?: string;
}

export interface NodeRef extends OperationRef {
  hostname: string;
}

/** The snapshot that an operation takes. */
export interface SnapshotRef extends OperationRef {
  snapshot: string;
}

export interface StepRef extends NodeRef {
  step: StepName;
}

/** A step that runs through a control plane; `subject` names the node it is about, if it is about one. */
export interface ClusterStepRef extends OperationRef {
  step: StepName;
  subject?: string;
  /** Nodes that leave, for the step that is about all of them. */
  leaving?: string[];
}

/** What the cluster workflow has to do next. */
export interface Work {
  clusterId: string;
  generation: number;
  retries: number;
  deleting: boolean;
  tasksetId: string;
  operations: OperationPlan[];
  /** Who asked for it. Left out by an older plinth. */
  by?: RequestOrigin;
  /** Indices of operations that an interrupted run of this taskset had finished. */
  finished: number[];
}

/** There is work, and it cannot begin: machines have yet to register, or to be approved. */
export interface Waiting {
  /** For whom, and what to do, in words. */
  waiting: string;
}

export interface OperationOutcome {
  index: number;
  failed: boolean;
  /** In words, for people: empty on success. */
  errorSummary: string;
  /** It did not go on because somebody said so. */
  cancelled?: true;
}
