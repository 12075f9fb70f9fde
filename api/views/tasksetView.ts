import type { NodeTask, OperationPlan } from '../../core/plan.js';
import type { NodeRecord, TasksetOperationRecord, TasksetRecord } from '../../core/records.js';
import { nodePaths, type NodePath, type StepName } from '../../core/steps.js';
import {
  isTerminal,
  OperationStatus,
  type OperationName,
  type TasksetStatus,
} from '../../core/words.js';
import { inOrder, pendingStepView, stepView, type StepView } from './stepView.js';

/** What is read of nodes to show a taskset. */
export type NodeSteps = Pick<NodeRecord, 'hostname' | 'steps'>;

export interface TasksetSummary {
  id: string;
  /** 1, 2, 3 … within the cluster. */
  sequence: number;
  /** Of the spec that it applies. */
  generation: number;
  status: TasksetStatus;
  comments: string;
  createdAt: string;
  endedAt?: string;
  operations: OperationSummary[];
}

interface OperationSummary {
  name: OperationName;
  resourceName: string;
  status: OperationStatus;
  /** Why it is there. */
  reason: string;
  nodes: string[];
  /** Its name in Temporal. */
  workflowId: string;
  errorSummary?: string;
  startedAt?: string;
  endedAt?: string;
}

export interface TasksetDetails extends Omit<TasksetSummary, 'operations'> {
  operations: OperationDetails[];
}

export interface OperationDetails extends Omit<OperationSummary, 'nodes'> {
  nodes: OperationNode[];
  /** Nodes that are drained and taken out through a control plane before their machines are cleaned. */
  leave: string[];
  /** Of them, those that etcd has nothing to do with; absent: none. */
  plainWorkers?: string[];
  /** Done once, through a control plane, before the nodes; absent: none. */
  firstSteps?: StepName[];
  /** Done once, through a control plane, after the nodes. */
  clusterSteps: StepName[];
}

export interface OperationNode {
  hostname: string;
  /** What is planned for this node; absent where only steps for the whole cluster run through it. */
  path?: NodePath;
  steps: StepView[];
}

export function tasksetSummary(taskset: TasksetRecord): TasksetSummary {
  return {
    ...head(taskset),
    operations: taskset.operations.map((operation, index) => ({
      ...operationHead(taskset, operation, index),
      nodes: operation.nodes,
    })),
  };
}

/**
 * Operations → nodes → steps. A node keeps the latest record of each step: of an older taskset, or of an operation before
 * another one of its name, only those steps are shown that no later one ran again. Steps to come are shown while the
 * taskset runs, but of an operation that has succeeded.
 */
export function tasksetDetails(
  taskset: TasksetRecord,
  nodes: readonly NodeSteps[],
): TasksetDetails {
  return {
    ...head(taskset),
    operations: taskset.operations.map((operation, index) => ({
      ...operationHead(taskset, operation, index),
      nodes: operationNodes(taskset, operation, index, nodes),
      leave: taskset.plan[index]?.leave ?? [],
      ...plainWorkers(taskset.plan[index]),
      ...firstSteps(taskset.plan[index]),
      clusterSteps: taskset.plan[index]?.clusterSteps ?? [],
    })),
  };
}

/** Only where there are any: an answer that clients know has nothing new in it. */
export function firstSteps(
  plan: Pick<OperationPlan, 'firstSteps'> | undefined,
): Pick<OperationDetails, 'firstSteps'> {
  const { firstSteps: steps = [] } = plan ?? {};
  return steps.length === 0 ? {} : { firstSteps: steps };
}

/** The same. */
export function plainWorkers(
  plan: Pick<OperationPlan, 'plainWorkers'> | undefined,
): Pick<OperationDetails, 'plainWorkers'> {
  const { plainWorkers: workers = [] } = plan ?? {};
  return workers.length === 0 ? {} : { plainWorkers: workers };
}

function head(taskset: TasksetRecord): Omit<TasksetSummary, 'operations'> {
  const { id, sequence, generation, status, comments, createdAt, endedAt } = taskset;
  return {
    ...{ id, sequence, generation, status, comments, createdAt },
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

function operationHead(
  taskset: TasksetRecord,
  operation: TasksetOperationRecord,
  index: number,
): Omit<OperationSummary, 'nodes'> {
  const { name, resourceName, status, workflowId, errorSummary, startedAt, endedAt } = operation;
  return {
    ...{ name, resourceName, status, reason: taskset.plan[index]?.reason ?? '', workflowId },
    ...(errorSummary === undefined ? {} : { errorSummary }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

function operationNodes(
  taskset: TasksetRecord,
  operation: TasksetOperationRecord,
  index: number,
  nodes: readonly NodeSteps[],
): OperationNode[] {
  const tasks = new Map(taskset.plan[index]?.nodes.map((task) => [task.hostname, task]));
  const known = new Map(nodes.map((node) => [node.hostname, node]));
  const ended = isTerminal(taskset.status) || operation.status === OperationStatus.Success;
  // Steps through a control plane are recorded there, whether or not the operation names it.
  const hostnames = new Set([...tasks.keys(), ...known.keys()]);
  return [...hostnames].flatMap((hostname) => {
    const recorded = recordedSteps(taskset.id, operation.name, index, known.get(hostname));
    const planned = ended ? [] : plannedSteps(tasks.get(hostname));
    const begun = new Set(recorded.map((step) => step.name));
    const pending = planned.filter((name) => !begun.has(name)).map(pendingStepView);
    const steps = inOrder([...recorded, ...pending]);
    const task = tasks.get(hostname);
    if (task !== undefined) return [{ hostname, path: task.path, steps }];
    return steps.length === 0 ? [] : [{ hostname, steps }];
  });
}

function recordedSteps(
  tasksetId: string,
  operation: OperationName,
  index: number,
  node: NodeSteps | undefined,
): StepView[] {
  return Object.entries(node?.steps ?? {}).flatMap(([name, record]) =>
    record.tasksetId === tasksetId &&
    record.operation === operation &&
    (record.operationIndex ?? index) === index
      ? [stepView(name as StepName, record)]
      : [],
  );
}

function plannedSteps(task: NodeTask | undefined): StepName[] {
  return task === undefined ? [] : nodePaths[task.path].map((step) => step.name);
}
