import type { StepFailure } from './errors.js';
import type { OperationPlan } from './plan.js';
import type { NodeRecord, NodeStepRecord, TasksetRecord } from './records.js';
import {
  blueprintSteps,
  clusterSteps,
  leaveSteps,
  nodePaths,
  preflightSteps,
  type NodePath,
  type StepDef,
  type StepName,
} from './steps.js';
import { OperationStatus } from './words.js';
import type { OperationName, TasksetStatus } from './words.js';

/** A taskset down to each step of each node: what `…/tasksets/{id}` answers and progress is shown from. */
export interface TasksetDetails {
  tasksetId: string;
  sequence: number;
  generation: number;
  tasksetStatus: TasksetStatus;
  comments: string;
  createdAt: string;
  endedAt?: string;
  tasksetOperations: OperationDetails[];
}

export interface OperationDetails {
  operationName: OperationName;
  resourceName: string;
  operationStatus: OperationStatus;
  /** In words: why the operation is there. */
  reason: string;
  errorSummary?: string;
  startedAt?: string;
  endedAt?: string;
  /** In the order in which they are reached. */
  steps: StepDetails[];
}

export interface StepDetails {
  step: StepName;
  title: string;
  /** `cluster`: done once, through the control plane that is named. */
  scope: 'node' | 'cluster';
  nodes: NodeStepDetails[];
}

export interface NodeStepDetails {
  hostname: string;
  state: NodeStepRecord['state'];
  attempt?: number;
  /** RFC 3339. */
  startedAt?: string;
  endedAt?: string;
  failure?: StepFailure & { message: string };
}

const JOINING: ReadonlySet<NodePath> = new Set(['leader', 'control-plane', 'worker']);
const CLUSTER_SCOPE = new Map(
  [...leaveSteps, ...clusterSteps, ...blueprintSteps].map((step) => [step.name, step]),
);

/**
 * What is known of a taskset's steps. Node records keep their latest operation only: of an earlier taskset the
 * outcome of each operation stays known, the times of its steps do not.
 */
export function tasksetDetails(
  taskset: TasksetRecord,
  nodes: readonly Pick<NodeRecord, 'hostname' | 'steps'>[],
): TasksetDetails {
  return {
    tasksetId: taskset.id,
    sequence: taskset.sequence,
    generation: taskset.generation,
    tasksetStatus: taskset.status,
    comments: taskset.comments,
    createdAt: taskset.createdAt,
    ...(taskset.endedAt === undefined ? {} : { endedAt: taskset.endedAt }),
    tasksetOperations: taskset.operations.map((operation, index) => {
      const plan = taskset.plan[index];
      const { errorSummary, startedAt, endedAt } = operation;
      return {
        operationName: operation.name,
        resourceName: operation.resourceName,
        operationStatus: operation.status,
        reason: plan?.reason ?? '',
        ...(errorSummary === undefined ? {} : { errorSummary }),
        ...(startedAt === undefined ? {} : { startedAt }),
        ...(endedAt === undefined ? {} : { endedAt }),
        steps: plan === undefined ? [] : operationSteps({ taskset, index, plan, nodes }),
      };
    }),
  };
}

interface OperationContext {
  taskset: TasksetRecord;
  index: number;
  plan: OperationPlan;
  nodes: readonly Pick<NodeRecord, 'hostname' | 'steps'>[];
}

function operationSteps(context: OperationContext): StepDetails[] {
  const { plan } = context;
  const leaving = plan.leave.length === 0 ? [] : leaveSteps;
  const after = plan.clusterSteps.flatMap((name) => CLUSTER_SCOPE.get(name) ?? []);
  return [
    ...leaving.map((step) => clusterStep(context, step)),
    ...nodeSteps(plan).map(({ step, hostnames }) => nodeStep(context, step, hostnames)),
    ...after.map((step) => clusterStep(context, step)),
  ];
}

/** The union of the nodes' paths: each step once, before those that follow it on any path. */
function nodeSteps(plan: OperationPlan): { step: StepDef; hostnames: string[] }[] {
  const byName = new Map<StepName, { step: StepDef; hostnames: string[] }>();
  const paths = [...new Set(plan.nodes.map((task) => task.path))].map(stepsOf);
  for (const step of mergeInOrder(paths)) byName.set(step.name, { step, hostnames: [] });
  for (const task of plan.nodes) {
    for (const { name } of stepsOf(task.path)) byName.get(name)?.hostnames.push(task.hostname);
  }
  return [...byName.values()];
}

function stepsOf(path: NodePath): StepDef[] {
  return [...(JOINING.has(path) ? preflightSteps : []), ...nodePaths[path]];
}

function mergeInOrder(paths: readonly (readonly StepDef[])[]): StepDef[] {
  const merged: StepDef[] = [];
  for (const path of paths) {
    let at = 0;
    for (const step of path) {
      const found = merged.findIndex((known) => known.name === step.name);
      if (found >= 0) at = Math.max(at, found + 1);
      else merged.splice(at++, 0, step);
    }
  }
  return merged;
}

function nodeStep(context: OperationContext, step: StepDef, hostnames: string[]): StepDetails {
  const known = new Map(context.nodes.map((node) => [node.hostname, node]));
  return {
    step: step.name,
    title: step.title,
    scope: 'node',
    nodes: hostnames.map((hostname) =>
      nodeStepDetails(context, hostname, known.get(hostname)?.steps[step.name]),
    ),
  };
}

function clusterStep(context: OperationContext, step: StepDef): StepDetails {
  const ran = context.nodes.filter((node) => isOfThis(context, node.steps[step.name]));
  return {
    step: step.name,
    title: step.title,
    scope: 'cluster',
    nodes: ran.map((node) => nodeStepDetails(context, node.hostname, node.steps[step.name])),
  };
}

function isOfThis({ taskset, index }: OperationContext, record?: NodeStepRecord): boolean {
  return record?.tasksetId === taskset.id && record.operation === taskset.operations[index]?.name;
}

function nodeStepDetails(
  context: OperationContext,
  hostname: string,
  record: NodeStepRecord | undefined,
): NodeStepDetails {
  if (record === undefined || !isOfThis(context, record)) {
    const status = context.taskset.operations[context.index]?.status;
    return { hostname, state: status === OperationStatus.Success ? 'done' : 'pending' };
  }
  const { state, attempt, startedAt, endedAt, failure } = record;
  return {
    hostname,
    state,
    attempt,
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
    ...(failure === undefined ? {} : { failure }),
  };
}
