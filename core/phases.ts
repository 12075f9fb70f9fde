import type { StepFailure } from './errors.js';
import type { NodeStepRecord } from './records.js';
import {
  blueprintSteps,
  clusterSteps,
  leaveStepsOf,
  joiningPaths,
  nodePaths,
  preflightSteps,
  type NodePath,
  type StepDef,
  type StepName,
} from './steps.js';
import { OperationStatus } from './words.js';
import type { OperationName, TasksetStatus } from './words.js';

/** A taskset as `GET …/tasksets/{id}` answers it: what progress is shown from. */
export interface Taskset {
  id: string;
  status: TasksetStatus;
  comments: string;
  operations: Operation[];
}

export interface Operation {
  name: OperationName;
  status: OperationStatus;
  reason: string;
  errorSummary?: string;
  leave?: string[];
  plainWorkers?: string[];
  firstSteps?: StepName[];
  clusterSteps?: StepName[];
  nodes: { hostname: string; path?: NodePath; steps: NodeStep[] }[];
}

export interface NodeStep {
  name: StepName;
  state: NodeStepRecord['state'];
  attempt?: number;
  /** RFC 3339. */
  startedAt?: string;
  endedAt?: string;
  failure?: StepFailure & { message: string };
}

/** One step of the taskset on all the machines that it has to do with, and its place in the whole. */
export interface Phase {
  number: number;
  total: number;
  name: StepName;
  title: string;
  /** Index in `operations`. */
  operation: number;
  /** Nothing more will come of it. */
  operationEnded: boolean;
  machines: MachinePhase[];
}

export type MachinePhase = Omit<NodeStep, 'name'> & { hostname: string };

/** The whole taskset as steps in the order in which they are reached, those to come included. */
export function phasesOf(taskset: Taskset): Phase[] {
  const all = taskset.operations.flatMap((operation, index) => {
    const operationEnded =
      operation.status === OperationStatus.Success || operation.status === OperationStatus.Failed;
    return stepsOf(operation).map((step) => ({
      name: step.name,
      title: step.title,
      operation: index,
      operationEnded,
      machines: machinesOf(operation, step.name),
    }));
  });
  return all.map((phase, index) => ({ ...phase, number: index + 1, total: all.length }));
}

const THROUGH_CONTROL_PLANE = new Map(
  [...clusterSteps, ...blueprintSteps].map((step) => [step.name, step]),
);

function stepsOf({
  nodes,
  leave = [],
  plainWorkers = [],
  firstSteps = [],
  clusterSteps: after = [],
}: Operation): StepDef[] {
  const paths = [...new Set(nodes.flatMap(({ path }) => path ?? []))];
  return [
    ...(leave.length === 0 ? [] : leaveStepsOf(leave.every((name) => plainWorkers.includes(name)))),
    ...firstSteps.flatMap((name) => THROUGH_CONTROL_PLANE.get(name) ?? []),
    ...mergeInOrder(paths.map(pathSteps)),
    ...after.flatMap((name) => THROUGH_CONTROL_PLANE.get(name) ?? []),
  ];
}

function pathSteps(path: NodePath): StepDef[] {
  return [...(joiningPaths.has(path) ? preflightSteps : []), ...nodePaths[path]];
}

/** Each step once, before those that follow it on any path, and as late as they let it. */
function mergeInOrder(paths: readonly (readonly StepDef[])[]): StepDef[] {
  const merged: StepDef[] = [];
  for (const path of paths) {
    let before = merged.length;
    for (const step of path.toReversed()) {
      const found = merged.findIndex((known) => known.name === step.name);
      if (found >= 0) before = Math.min(before, found);
      else merged.splice(before, 0, step);
    }
  }
  return merged;
}

/**
 * Those that went through it, and those whose path holds it. Of an operation that has succeeded some may be known no more:
 * another one ran the step again.
 */
function machinesOf({ nodes, status }: Operation, name: StepName): MachinePhase[] {
  return nodes.flatMap(({ hostname, path, steps }): MachinePhase[] => {
    const record = steps.find((step) => step.name === name);
    if (record !== undefined) {
      const { name: _name, ...rest } = record;
      return [{ hostname, ...rest }];
    }
    if (status === OperationStatus.Success) return [];
    const isToCome = path !== undefined && pathSteps(path).some((step) => step.name === name);
    return isToCome ? [{ hostname, state: 'pending' }] : [];
  });
}
