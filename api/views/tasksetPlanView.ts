import type { Problem } from '../../core/errors.js';
import { metadataReasons, nodeReason, seemsAway } from '../../core/nodeReasons.js';
import type { AppliedState, NodeTask, OperationPlan } from '../../core/plan.js';
import { isNetworkUpgrade } from '../../core/planNetwork.js';
import { quorumRefusals } from '../../core/planRefusals.js';
import type { NodeRecord } from '../../core/records.js';
import type { ClusterSpec } from '../../core/cluster.js';
import {
  leaveStepsOf,
  joiningPaths,
  nodePaths,
  preflightSteps,
  type StepName,
} from '../../core/steps.js';
import { OperationName, OperationStatus, TasksetStatus } from '../../core/words.js';
import { pendingStepView } from './stepView.js';
import { firstSteps, plainWorkers } from './tasksetView.js';
import type { OperationDetails, OperationNode, TasksetDetails } from './tasksetView.js';

/** What a dry run answers: a taskset that nobody has begun with. */
export interface TasksetPlan extends Omit<TasksetDetails, 'operations'> {
  dryRun: true;
  operations: PlannedOperation[];
  /** Why it would not be done, or not wholly; empty: it would. */
  refusals: Problem[];
}

interface PlannedOperation extends Omit<OperationDetails, 'nodes'> {
  nodes: PlannedNode[];
  /** The Kubernetes version that its steps work with, where that is not the spec's. */
  kubernetesVersion?: string;
}

interface PlannedNode extends OperationNode {
  reason: string;
}

interface PlanOf {
  name: string;
  generation: number;
  /** That of the taskset that would do it. */
  sequence: number;
  applied: AppliedState;
  nodes: readonly NodeRecord[];
  /** Absent: it is to be deleted. */
  spec?: ClusterSpec;
  operations: readonly OperationPlan[];
  /** An apply refuses these: nothing of it would be begun. */
  refused?: readonly Problem[];
  /** What has to happen before, in words. */
  waiting?: string;
  /** What is under way, in words. */
  meanwhile?: string;
  /** Workers are at work that hold some versions of Kubernetes and no other. */
  held?: boolean;
}

/** The id that stands for none. */
const NO_TASKSET = 'dry-run';

/** As `GET …/tasksets/{id}` would show it before its first step, with a reason for each node. */
export function tasksetPlan(of: PlanOf): TasksetPlan {
  const { refused = [] } = of;
  const away = new Set(of.nodes.flatMap((n) => (seemsAway(n.status) ? [n.hostname] : [])));
  const forecast = quorumRefusals(of.applied, of.operations, away);
  const operations = refused.length > 0 ? [] : of.operations;
  const refusals =
    refused.length > 0 ? refused : forecast.map(({ path, message }) => ({ path, message }));
  return {
    id: NO_TASKSET,
    ...{ sequence: of.sequence, generation: of.generation, dryRun: true },
    status: statusOf(operations, refusals),
    comments: commentsOf(of, operations, refused, forecast.length),
    createdAt: new Date().toISOString(),
    operations: operations.map((operation, index) => ({
      ...{ name: operation.name, resourceName: of.name, status: OperationStatus.Pending },
      ...{ reason: operation.reason, workflowId: '' },
      ...refusedAt(forecast, index),
      ...(operation.kubernetesVersion === undefined
        ? {}
        : { kubernetesVersion: operation.kubernetesVersion }),
      nodes: plannedNodes(of, operation, away),
      leave: operation.leave,
      ...plainWorkers(operation),
      ...firstSteps(operation),
      clusterSteps: operation.clusterSteps,
    })),
    refusals: [...refusals],
  };
}

function statusOf(
  operations: readonly OperationPlan[],
  refusals: readonly Problem[],
): TasksetStatus {
  if (refusals.length > 0) return TasksetStatus.Failed;
  return operations.length === 0 ? TasksetStatus.Complete : TasksetStatus.Pending;
}

function commentsOf(
  { waiting, meanwhile, spec, held = false }: PlanOf,
  operations: readonly OperationPlan[],
  refused: readonly Problem[],
  forecast: number,
): string {
  const what =
    refused.length > 0
      ? 'an apply would be refused'
      : forecast > 0
        ? 'an apply would be accepted, and etcd would refuse to do it'
        : operations.length === 0
          ? 'nothing has to be done'
          : 'this is what would be done';
  return [
    `dry run, nothing was changed: ${what}`,
    waiting,
    meanwhile,
    betweenText(operations, { spec, held }),
  ]
    .filter((text) => text !== undefined)
    .join('; ');
}

function betweenText(
  operations: readonly OperationPlan[],
  { spec, held }: { spec: ClusterSpec | undefined; held: boolean },
): string | undefined {
  const between = operations.flatMap((operation) => {
    const { name, kubernetesVersion: version } = operation;
    return name !== OperationName.ClusterUpgrade ||
      isNetworkUpgrade(operation) ||
      version === undefined ||
      version === spec?.config.kubernetesVersion
      ? []
      : [version];
  });
  if (between.length === 0) return undefined;
  const chosen = held
    ? "the newest of each minor that the workers' artifacts hold"
    : 'the newest of each minor that the version matrix knows';
  return `${between.join(', ')} on the way: ${chosen}`;
}

function refusedAt(
  forecast: ReturnType<typeof quorumRefusals>,
  index: number,
): { errorSummary?: string } {
  const own = forecast.filter(({ operation }) => operation === index);
  return own.length === 0 ? {} : { errorSummary: own.map(({ message }) => message).join('; ') };
}

function unseenText({ path }: NodeTask, { force }: OperationPlan): string {
  const text = 'its machine did not answer when it was looked at last';
  if (path !== 'clean') return text;
  return force === true
    ? `${text}: then it is taken out without being cleaned, and listed as ORPHANED`
    : `${text}: unless it comes back, this fails without force=true`;
}

function plannedNodes(
  { applied, spec }: PlanOf,
  operation: OperationPlan,
  away: ReadonlySet<string>,
): PlannedNode[] {
  const leaving = new Set(operation.leave);
  const leaveOf = (hostname: string): StepName[] =>
    leaving.has(hostname)
      ? leaveStepsOf(operation.plainWorkers?.includes(hostname) ?? false).map(({ name }) => name)
      : [];
  const tasks = operation.nodes.map((task): PlannedNode => {
    const names: StepName[] = [
      ...(joiningPaths.has(task.path) ? preflightSteps.map(({ name }) => name) : []),
      ...leaveOf(task.hostname),
      ...nodePaths[task.path].map(({ name }) => name),
    ];
    const unseen = away.has(task.hostname) ? [unseenText(task, operation)] : [];
    const reason = nodeReason(task, operation, applied);
    return {
      ...{ hostname: task.hostname, path: task.path, steps: names.map(pendingStepView) },
      reason: [reason === '' ? operation.reason : reason, ...unseen].join('; '),
    };
  });
  const setsMetadata =
    operation.name === 'NodeUpdate' && operation.clusterSteps.includes('node-metadata');
  if (!setsMetadata || applied.spec === undefined || spec === undefined) return tasks;
  const listed = new Set(tasks.map(({ hostname }) => hostname));
  // Set through a control plane: nothing is done on their machines.
  const metadata = metadataReasons(applied.spec, spec).filter((n) => !listed.has(n.hostname));
  return [...tasks, ...metadata.map((each) => ({ ...each, steps: [] }))];
}
