import type { NodeTask, OperationPlan } from '../../core/plan.js';
import { stepsOfOperation, type KeptSteps, type NodeSteps } from '../../core/operationSteps.js';
import type { TasksetOperationRecord, TasksetRecord } from '../../core/records.js';
import { nodePaths, type NodePath, type StepName } from '../../core/steps.js';
import {
  isTerminal,
  OperationStatus,
  type OperationName,
  type TasksetStatus,
} from '../../core/words.js';
import { inOrder, pendingStepView, stepView, type StepView } from './stepView.js';

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
 * Operations → nodes → steps. A node keeps the latest record of each step; of operations that have ended `kept` has all of
 * theirs. Steps to come are shown while the taskset runs, but of an operation that has succeeded.
 */
export function tasksetDetails(
  taskset: TasksetRecord,
  nodes: readonly NodeSteps[],
  kept: readonly KeptSteps[] = [],
): TasksetDetails {
  return {
    ...head(taskset),
    operations: taskset.operations.map((operation, index) => ({
      ...operationHead(taskset, operation, index),
      nodes: operationNodes(
        { taskset, operation, index },
        nodes,
        kept.filter(({ operationIndex }) => operationIndex === index),
      ),
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

interface OperationOf {
  taskset: TasksetRecord;
  operation: TasksetOperationRecord;
  index: number;
}

function operationNodes(
  of: OperationOf,
  nodes: readonly NodeSteps[],
  kept: readonly KeptSteps[],
): OperationNode[] {
  const { taskset, operation, index } = of;
  const tasks = new Map(taskset.plan[index]?.nodes.map((task) => [task.hostname, task]));
  const recordedOf = recordedSteps(of, nodes, kept);
  const ended = isTerminal(taskset.status) || operation.status === OperationStatus.Success;
  // Steps through a control plane are recorded there, whether or not the operation names it.
  const hostnames = new Set([...tasks.keys(), ...recordedOf.keys()]);
  return [...hostnames].flatMap((hostname) => {
    const recorded = recordedOf.get(hostname) ?? [];
    const planned = ended ? [] : plannedSteps(tasks.get(hostname));
    const begun = new Set(recorded.map((step) => step.name));
    const pending = planned.filter((name) => !begun.has(name)).map(pendingStepView);
    const steps = inOrder([...recorded, ...pending]);
    const task = tasks.get(hostname);
    if (task !== undefined) return [{ hostname, path: task.path, steps }];
    return steps.length === 0 ? [] : [{ hostname, steps }];
  });
}

/** By node; what a node itself remembers of the operation is newer than what was kept. */
function recordedSteps(
  { taskset, operation, index }: OperationOf,
  nodes: readonly NodeSteps[],
  kept: readonly KeptSteps[],
): Map<string, StepView[]> {
  const of = { tasksetId: taskset.id, operation: operation.name, operationIndex: index };
  const byNode = new Map<string, NodeSteps['steps']>();
  const add = (hostname: string, steps: NodeSteps['steps']): void => {
    byNode.set(hostname, { ...byNode.get(hostname), ...steps });
  };
  for (const { hostname, steps } of kept) add(hostname, steps);
  for (const node of nodes) add(node.hostname, stepsOfOperation(node, of));
  return new Map(
    [...byNode].map(([hostname, steps]) => [
      hostname,
      Object.entries(steps).map(([name, record]) => stepView(name as StepName, record)),
    ]),
  );
}

function plannedSteps(task: NodeTask | undefined): StepName[] {
  return task === undefined ? [] : nodePaths[task.path].map((step) => step.name);
}
