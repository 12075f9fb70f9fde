import type { OperationOutcome, Work } from '../activities/refs.js';
import type { StepFailure } from '../core/errors.js';
import type { NodeTask, OperationPlan } from '../core/plan.js';
import {
  blueprintSteps,
  clusterSteps as stepsOfCluster,
  leaveSteps,
  nodePaths,
  type Gate,
  type NodePath,
  type StepName,
} from '../core/steps.js';

/*
 * What Temporal's Web UI tells people of a workflow beside its events: summaries are one line, details Markdown. None of
 * it is in a history's commands, so its words may change at any time.
 */

const SUMMARY_LENGTH = 190;
/** Names that one line tells; the others are counted. */
const NAMES = 20;

const PATHS: Readonly<Record<NodePath, string>> = {
  leader: 'the first control plane, from a bare machine to Ready',
  'control-plane': 'a further control plane, from a bare machine to Ready',
  worker: 'a worker, from a bare machine to Ready',
  'added-worker': 'a worker more, from a bare machine to Ready',
  'upgrade-first': 'upgrade of the first control plane',
  'upgrade-control-plane': 'upgrade of a control plane',
  'upgrade-worker': 'upgrade of a worker',
  prefetch: 'what its upgrade needs, before anything is changed anywhere',
  endpoint: 'turn to the control planes that stay',
  'blueprint-images': 'images that the blueprint needs',
  'network-images': 'images that the network needs',
  kubelet: "settings of the kubelet's",
  settle: 'whether it is Ready and takes pods',
  'restore-stop': 'stopped before the restore',
  'restore-leader': 'the first control plane, from the snapshot',
  'restore-control-plane': 'a further control plane, joined anew',
  'restore-worker': 'a worker, back in the restored cluster',
  'renew-certificates': 'new certificates',
  clean: 'taken back to what it was',
};

const CLUSTER_STEPS = new Map(
  [...stepsOfCluster, ...blueprintSteps, ...leaveSteps].map(({ name, title }) => [name, title]),
);

const GATES: Readonly<Record<Gate, string>> = {
  'api-up': 'waits for the first control plane to answer',
  'join-turn': 'waits for its turn: control planes join one at a time',
  'upgrade-turn': 'waits for its turn: nodes are upgraded a few at a time',
};

/** What people read of a step through a control plane. */
export function clusterStepTitle(step: StepName): string {
  return CLUSTER_STEPS.get(step) ?? step;
}

/** `m3: a worker, from a bare machine to Ready`. */
export function nodeSummary({ hostname, path }: Pick<NodeTask, 'hostname' | 'path'>): string {
  return `${hostname}: ${PATHS[path]}`.slice(0, SUMMARY_LENGTH);
}

/** `ClusterCreation of edge-berlin: the cluster does not exist yet`. */
export function operationSummary(cluster: string, { name, reason }: OperationPlan): string {
  return `${name} of ${cluster}: ${reason}`.slice(0, SUMMARY_LENGTH);
}

/** What an operation is going to do. */
export function operationDetails({ reason, nodes, leave, clusterSteps }: OperationPlan): string {
  const paths = [...new Set(nodes.map(({ path }) => path))];
  const byPath = paths.map((path) => {
    const names = nodes.filter((node) => node.path === path).map(({ hostname }) => hostname);
    return `- ${namesOf(names)}: ${PATHS[path]}`;
  });
  return [
    `**Why:** ${reason}`,
    '',
    ...(leave.length === 0 ? [] : [`- ${namesOf(leave)}: drained and taken out of the cluster`]),
    ...byPath,
    ...(clusterSteps.length === 0
      ? []
      : [`- the cluster: ${clusterSteps.map(clusterStepTitle).join('; ')}`]),
    '',
    'Each machine has a workflow of its own, see Relationships.',
  ].join('\n');
}

/** How far a taskset has come: its operations in order, and what became of those that have ended. */
export function tasksetDetails(
  { tasksetId, operations, finished }: Pick<Work, 'tasksetId' | 'operations' | 'finished'>,
  outcomes: readonly OperationOutcome[],
  atWork?: number,
): string {
  const lines = operations.map((operation, index) => {
    const outcome = outcomes.find((one) => one.index === index);
    const line = `${operation.name}: ${operation.reason}`;
    if (outcome?.failed === true) return `- ✗ **${line}**: ${verbatim(outcome.errorSummary)}`;
    if (outcome !== undefined || finished.includes(index)) return `- ✓ ${line}`;
    return atWork === index ? `- ▶ **${line}**` : `- ${line}`;
  });
  return [`**Taskset ${tasksetId}**`, '', ...lines].join('\n');
}

/** How many of an operation's machines are where. `prefetching`: they get their files, and are not changed yet. */
export function nodesDetails(
  all: number,
  of: {
    atWork: readonly string[];
    failed: readonly string[];
    ended: number;
    prefetching?: boolean;
  },
): string {
  const { atWork, failed, ended, prefetching = false } = of;
  return [
    `**${ended - failed.length} of ${all} machines ${prefetching ? 'have their files' : 'done'}**`,
    '',
    ...(atWork.length === 0 ? [] : [`- at work: ${namesOf(atWork)}`]),
    ...(failed.length === 0 ? [] : [`- **failed:** ${namesOf(failed)}`]),
  ].join('\n');
}

export interface StepsMoment {
  begun: ReadonlySet<StepName>;
  ended: ReadonlySet<StepName>;
  waitsFor?: Gate;
  failed?: { step: StepName; message: string; failure: Partial<StepFailure> };
}

/** The steps of a machine, each with what became of it. */
export function stepsDetails(
  task: Pick<NodeTask, 'hostname' | 'path'>,
  { begun, ended, waitsFor, failed }: StepsMoment,
): string {
  const list = nodePaths[task.path];
  const lines = list.map((step, index) => {
    const number = `${index + 1}.`;
    if (failed?.step === step.name) return `${number} ✗ **${step.title}**`;
    if (ended.has(step.name)) return `${number} ✓ ${step.title}`;
    if (begun.has(step.name)) return `${number} ▶ **${step.title}**`;
    const waits = waitsFor !== undefined && step.gate === waitsFor;
    return waits ? `${number} ${step.title}: ${GATES[waitsFor]}` : `${number} ${step.title}`;
  });
  return [
    `**${nodeSummary(task)}**`,
    '',
    ...lines,
    ...(failed === undefined ? [] : ['', ...failureLines(failed)]),
  ].join('\n');
}

/** The end of an operation that has failed. */
export function failedDetails(summary: string): string {
  return `**Failed:** ${verbatim(summary)}`;
}

function failureLines({ message, failure }: NonNullable<StepsMoment['failed']>): string[] {
  const { command, exitCode, hint, lastLines = [] } = failure;
  return [
    `**${message}**`,
    '',
    ...(command === undefined ? [] : [`- command: ${verbatim(command)}`]),
    ...(exitCode === undefined ? [] : [`- exit code: ${exitCode}`]),
    ...(hint === undefined ? [] : [`- what to do: ${hint}`]),
    ...(lastLines.length === 0 ? [] : ['', '```', ...lastLines.map(unfenced), '```']),
  ];
}

/** What machines say is no Markdown. */
function verbatim(text: string): string {
  return `\`${unfenced(text)}\``;
}

function unfenced(text: string): string {
  return text.replaceAll('`', "'");
}

function namesOf(names: readonly string[]): string {
  const more = names.length - NAMES;
  return more > 0 ? `${names.slice(0, NAMES).join(', ')} and ${more} more` : names.join(', ');
}
