import { appliedState } from '../core/appliedState.js';
import { archsOf, availableVersions } from '../core/artifactHoldings.js';
import { openAsked } from '../core/askedOperations.js';
import type { ClusterSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { plan, type AppliedState, type DesiredState } from '../core/plan.js';
import type { ClusterRecord, NodeRecord } from '../core/records.js';
import {
  awaitedNodes,
  awaitedText,
  withRegistrations,
  type Registration,
} from '../core/registration.js';
import { isSameSpec } from '../core/specHash.js';
import { CommonConditionStatus, isTerminal } from '../core/words.js';
import { checkPrecondition } from '../store/precondition.js';
import type { Precondition } from '../store/precondition.js';
import type { Store } from '../store/types.js';
import { checkCluster, notValid, type ApplyRequest } from './applyCluster.js';
import type { ApiDeps } from './deps.js';
import { tasksetPlan, type TasksetPlan } from './views/tasksetPlanView.js';

const NOTHING: AppliedState = { initialised: false, created: false, nodes: [] };

/**
 * What an apply of this body would do: the same checks, the same plan, and nothing is changed. What an apply refuses
 * of a valid Cluster (what cannot change any more, keys, machines of other clusters) is in the answer.
 * @throws AppError InvalidRequest where the body is no valid Cluster; Conflict as an apply does.
 */
export async function planApply(deps: ApiDeps, request: ApplyRequest): Promise<TasksetPlan> {
  const checked = await checkCluster(deps, request);
  const { name, parsed, existing, problems, secretsHash } = checked;
  if (!parsed.ok) throw notValid(problems);
  const known = await knownOf(deps.store, existing);
  const { spec: desired } = parsed.echo;
  const registrations = await registrationsOf(deps.store, existing, desired);
  const spec = withRegistrations(desired, registrations);
  const awaited = awaitedNodes(desired, registrations);
  const blueprint = await deps.store.blueprints.resolve(request.project, desired.blueprint);
  const force = request.force === true;
  const same =
    existing !== undefined && isSameSpec(existing, { desired: parsed.echo, secretsHash });
  const settled = existing?.commonStatus.conditionStatus === CommonConditionStatus.Ok;
  const sync = existing?.syncs ?? 0;
  const available = availableVersions(await deps.store.workers.live(), archsOf(known.applied));
  const operations =
    same && settled
      ? []
      : plan(known.applied, {
          ...{ spec, deleting: false, asked: openAsked(existing?.asked), force },
          ...(available === undefined ? {} : { available }),
          ...(blueprint === undefined ? {} : { blueprint }),
          ...(sync > (existing?.applied.sync ?? 0) ? { sync } : {}),
        } satisfies DesiredState);
  return tasksetPlan({
    ...{ name, ...known, spec, operations, refused: problems },
    held: available !== undefined,
    generation: (existing?.generation ?? 0) + Number(!same),
    ...(awaited === undefined ? {} : { waiting: awaitedText(awaited) }),
  });
}

/**
 * The same of a deletion.
 * @throws AppError NotFound where there is no such cluster; Conflict where the precondition does not hold.
 */
export async function planDelete(
  deps: ApiDeps,
  of: { project: string; name: string; force?: boolean },
  precondition?: Precondition,
): Promise<TasksetPlan> {
  const existing = await deps.store.clusters.get(of.project, of.name);
  checkPrecondition(of.name, existing, precondition);
  if (existing === undefined) {
    throw new AppError(ErrorCode.NotFound, `project ${of.project} has no cluster ${of.name}`);
  }
  const known = await knownOf(deps.store, existing);
  const { spec } = existing.desired;
  const operations = plan(known.applied, { spec, deleting: true, force: of.force === true });
  return tasksetPlan({
    ...{ name: of.name, ...known, operations, generation: existing.generation },
  });
}

/** As they will be: `autoApproveNodes` approves those that have registered. */
async function registrationsOf(
  store: Store,
  existing: ClusterRecord | undefined,
  { config }: ClusterSpec,
): Promise<Registration[]> {
  const found = existing === undefined ? [] : await store.registrations.list(existing.id);
  if (config.autoApproveNodes !== true) return found;
  return found.map((each) => ({ ...each, approvedAt: each.approvedAt ?? each.registeredAt }));
}

/** One read each: what is on the machines, and what is under way. */
async function knownOf(
  store: Store,
  existing: ClusterRecord | undefined,
): Promise<{
  applied: AppliedState;
  nodes: NodeRecord[];
  sequence: number;
  meanwhile?: string;
}> {
  if (existing === undefined) return { applied: NOTHING, nodes: [], sequence: 1 };
  const [nodes, [latest]] = await Promise.all([
    store.nodes.list(existing.id),
    store.tasksets.latest(existing.id, 1),
  ]);
  return {
    ...{ nodes, applied: appliedState({ record: existing, nodes }) },
    sequence: (latest?.sequence ?? 0) + 1,
    ...(latest === undefined || isTerminal(latest.status)
      ? {}
      : { meanwhile: `taskset ${latest.id} is under way, and what it does is not in this plan` }),
  };
}
