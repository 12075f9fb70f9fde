import type {
  ConsoleMachineStep,
  ConsoleOperation,
  ConsoleStep,
  ConsoleStepPlace,
  ConsoleTaskset,
  ConsoleTasksetSummary,
} from '../../core/consoleModel.js';
import type { KeptSteps, NodeSteps } from '../../core/operationSteps.js';
import { phasesOf, type Phase } from '../../core/phases.js';
import type { TasksetRecord } from '../../core/records.js';
import { tasksetDetails, type TasksetDetails } from '../views/tasksetView.js';

interface TemporalUi {
  url: string;
  namespace: string;
}

type OperationDetails = TasksetDetails['operations'][number];

/** A taskset as operations → steps → machines, with when each began and ended, for one time axis. */
export function consoleTaskset(
  taskset: TasksetRecord,
  { nodes, kept }: { nodes: readonly NodeSteps[]; kept: readonly KeptSteps[] },
  temporalUi: TemporalUi | undefined,
): ConsoleTaskset {
  const details = tasksetDetails(taskset, nodes, kept);
  const phases = phasesOf(details);
  const step = placeOf(phases);
  const { operations, ...head } = details;
  return {
    ...head,
    ...(step === undefined ? {} : { step }),
    total: phases.length,
    operations: operations.map((operation, index) =>
      operationView(
        operation,
        phases.filter((phase) => phase.operation === index),
        temporalUi,
      ),
    ),
  };
}

/** Where a taskset stands: the step that failed, else the one at work, else the next. */
export function stepPlace(
  taskset: TasksetRecord,
  nodes: readonly NodeSteps[],
): ConsoleStepPlace | undefined {
  return placeOf(phasesOf(tasksetDetails(taskset, nodes)));
}

function placeOf(phases: readonly Phase[]): ConsoleStepPlace | undefined {
  const holds = (phase: Phase, ...states: string[]): boolean =>
    phase.machines.some(({ state }) => states.includes(state));
  const at =
    phases.find((phase) => holds(phase, 'failed')) ??
    phases.find((phase) => holds(phase, 'running')) ??
    phases.find(
      (phase) => !phase.operationEnded && (holds(phase, 'pending') || phase.machines.length === 0),
    );
  if (at === undefined) return undefined;
  return { number: at.number, total: at.total, title: at.title };
}

function operationView(
  operation: OperationDetails,
  phases: readonly Phase[],
  temporalUi: TemporalUi | undefined,
): ConsoleOperation {
  const { name, status, reason, errorSummary, startedAt, endedAt, workflowId, nodes } = operation;
  return {
    ...{ name, status, reason },
    ...(errorSummary === undefined ? {} : { errorSummary }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(temporalUi === undefined ? {} : { temporalUrl: workflowUrl(temporalUi, workflowId) }),
    nodes: nodes.map(({ hostname, path }) => ({
      hostname,
      ...(path === undefined ? {} : { path }),
    })),
    steps: [...phases.map(phaseView), ...besidePlan(operation, phases)],
  };
}

function phaseView({ name, title, number, machines }: Phase): ConsoleStep {
  return { name, title, number, machines: machines.map(machineStep) };
}

/** What ran though no list of steps names it: what takes back a step that was stopped, say. */
function besidePlan({ nodes }: OperationDetails, phases: readonly Phase[]): ConsoleStep[] {
  const planned = new Set(phases.map((phase) => phase.name));
  const others = new Map<string, ConsoleStep>();
  for (const { hostname, steps } of nodes) {
    for (const { name, title, ...step } of steps) {
      if (planned.has(name)) continue;
      const known = others.get(name) ?? { name, title, machines: [] };
      known.machines.push(machineStep({ hostname, ...step }));
      others.set(name, known);
    }
  }
  return [...others.values()];
}

function machineStep({
  hostname,
  state,
  attempt,
  startedAt,
  endedAt,
  failure,
}: ConsoleMachineStep): ConsoleMachineStep {
  return {
    ...{ hostname, state },
    ...(attempt === undefined ? {} : { attempt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Of the newest run of that id. */
function workflowUrl({ url, namespace }: TemporalUi, workflowId: string): string {
  return `${url}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

export function consoleTasksetSummary({
  id,
  sequence,
  status,
  comments,
  createdAt,
  endedAt,
  operations,
}: TasksetRecord): ConsoleTasksetSummary {
  return {
    ...{ id, sequence, status, comments, createdAt },
    ...(endedAt === undefined ? {} : { endedAt }),
    operations: operations.map((operation) => ({
      name: operation.name,
      status: operation.status,
    })),
  };
}
