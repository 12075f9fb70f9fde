import { DriftPolicy, pinnedVersion } from '../core/blueprints.js';
import { AppError, ErrorCode, type StepFailure } from '../core/errors.js';
import { sharedKubelet } from '../core/kubeletSettings.js';
import type { NodeRecord, NodeStepRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import type { StepRunResult } from '../machine/types.js';
import { attemptOf } from './attempt.js';
import { cancellationBehind, isRequestedCancel } from './cancellation.js';
import { setCondition } from './conditions.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { joinedControlPlanes, loadCluster, nodeSpec, type LoadedCluster } from './load.js';
import { runMachineStep } from './machineStep.js';
import { isNetworkDone, networkApplied, networkRolledOut } from './network.js';
import { unitTimes, type StepOutcome } from './nodeStep.js';
import type { ClusterStepRef } from './refs.js';
import { isLost, stepError } from './stepError.js';
import { beforeClusterStep, staysAfterAll } from './stepEffects.js';

/** The condition that a cluster step makes True, or False when it fails. */
const CONDITION: Partial<Record<StepName, ConditionType>> = {
  'check-in': ConditionType.CheckIn,
  'namespace-sync': ConditionType.NamespaceSync,
  'blueprint-sync': ConditionType.BlueprintSync,
  'blueprint-health': ConditionType.BlueprintSync,
};
/** Steps after which the condition is not yet True. */
const NOT_YET: ReadonlySet<StepName> = new Set(['blueprint-sync']);

export interface ClusterStepOutcome extends StepOutcome {
  /** The nodes of `leaving` in the order in which they may go. */
  order?: string[];
}

/** One step through a control plane: the first that can be reached and can do it, so that any one may be down. */
export async function runClusterStep(
  deps: ActivityDeps,
  ref: ClusterStepRef,
): Promise<ClusterStepOutcome> {
  const { outcome, results } = await runThrough(deps, ref);
  const order = results['order']?.split('\n');
  return { outcome, ...(order === undefined ? {} : { order }) };
}

/** The same for who needs what the script told, and from which machine; `only` that one, for the snapshot `snapshot`. */
export async function runThrough(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  { only, snapshot }: { only?: string; snapshot?: string } = {},
): Promise<StepOutcome & { node: string; results: StepRunResult['results'] }> {
  return heartbeating(async () => {
    const about = [ref.subject, ...(ref.leaving ?? [])].filter((name) => name !== undefined);
    const loaded = await loadCluster(deps, ref, { hostnames: about, controlPlanes: true });
    const through = joinedControlPlanes(loaded, ref.subject).filter(
      ({ hostname }) =>
        (only === undefined || hostname === only) && ref.leaving?.includes(hostname) !== true,
    );
    const subject = ref.subject === undefined ? undefined : nodeSpec(loaded, ref.subject);
    const leaving = ref.leaving?.map((hostname) => nodeSpec(loaded, hostname));
    const [first] = through;
    if (first === undefined) {
      const stays = ref.leaving === undefined ? '' : ' that stays';
      throw new AppError(ErrorCode.StepFailed, `no control plane${stays} has joined yet`, {
        failure: { node: ref.name, step: ref.step },
      });
    }
    if (await isNetworkDone(deps, ref, loaded)) {
      await recorder(deps, ref, first).record('skipped', { endedAt: Date.now() });
      return { outcome: 'skipped', node: first.hostname, results: {} };
    }
    await beforeClusterStep(deps, ref, loaded);
    let lost: unknown;
    for (const node of through) {
      const { spec: on } = node;
      const { attempt, record, recordFailure } = recorder(deps, ref, node);
      // The script need not wait for it; see runNodeStep.
      const begun = record('running');
      begun.catch(() => undefined);
      try {
        const result = await runMachineStep(deps, {
          ref,
          loaded,
          on,
          step: ref.step,
          attempt,
          ...(subject === undefined ? {} : { subject }),
          ...(snapshot === undefined ? {} : { snapshot }),
          ...(leaving === undefined ? {} : { leaving }),
        });
        await begun;
        if (result.outcome === 'done' || result.outcome === 'skipped') {
          await Promise.all([
            record(result.outcome, { endedAt: Date.now(), ...unitTimes(result) }),
            noteCondition(deps, ref),
            noteDrift(deps, ref, loaded, result),
            noteKubelet(deps, ref, loaded),
            noteNetwork(deps, ref, loaded, result),
          ]);
          return { outcome: result.outcome, node: on.hostname, results: result.results };
        }
        const error = stepError(on.hostname, ref.step, result);
        // A retry must be a run of its own: this one's result stands on the machine.
        await recordFailure(error, { spent: true });
        if (result.results['elsewhere'] !== undefined) {
          lost = error;
          continue;
        }
        await noteCondition(deps, ref, error.message);
        if (isRefusal(error)) await staysAfterAll(deps, ref, loaded);
        throw error;
      } catch (error) {
        // What is recorded now stands.
        await begun.catch(() => undefined);
        if (cancellationBehind(error) !== undefined && isRequestedCancel()) {
          await recordFailure({ message: 'stopped by request' });
        }
        if (!isLost(error)) throw error;
        lost = error;
        // It may be done there all the same: the next attempt asks for the same run again.
        await recordFailure(error);
      }
    }
    if (isRefusal(lost)) await staysAfterAll(deps, ref, loaded);
    throw lost;
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError && error.code === ErrorCode.QuorumRisk;
}

/** Of the step's run through this node. */
function recorder(
  { store }: ActivityDeps,
  ref: ClusterStepRef,
  { spec: { hostname }, steps }: Pick<NodeRecord, 'spec' | 'steps'>,
) {
  const { attempt } = attemptOf(steps[ref.step], ref);
  const startedAt = Date.now();
  const record = (
    state: NodeStepRecord['state'],
    set: Partial<NodeStepRecord> = {},
  ): Promise<void> => {
    const { tasksetId, operation, operationIndex } = ref;
    return store.nodes.setStep(ref.clusterId, hostname, ref.step, {
      ...{ state, tasksetId, operation, operationIndex, attempt, startedAt },
      ...set,
    });
  };
  const recordFailure = (
    error: { message: string; failure?: StepFailure | undefined },
    set: Partial<NodeStepRecord> = {},
  ): Promise<void> => {
    const { message, failure } = error;
    const at = { node: hostname, step: ref.step };
    return record('failed', {
      ...{ endedAt: Date.now(), failure: { ...at, ...failure, message } },
      ...set,
    });
  };
  return { attempt, record, recordFailure };
}

/** As many as a person reads. */
const DRIFTED_SHOWN = 100;

async function noteDrift(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  { record }: LoadedCluster,
  { results }: StepRunResult,
): Promise<void> {
  if (ref.step !== 'blueprint-drift') return;
  const objects = (results['drift'] ?? '').split('\n').filter((line) => line !== '');
  const blueprint = ref.blueprint ?? record.desired.spec.blueprint;
  const { name } = blueprint;
  const version = pinnedVersion(blueprint);
  await deps.store.clusters.setDrift(ref.clusterId, {
    checkedAt: new Date().toISOString(),
    blueprint: { name, ...(version === undefined ? {} : { version }) },
    policy: ref.blueprint?.driftPolicy ?? DriftPolicy.Correct,
    objects: objects.slice(0, DRIFTED_SHOWN),
    count: objects.length,
  });
}

/** What nodes get that join from here on. */
async function noteKubelet(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  { record }: LoadedCluster,
): Promise<void> {
  if (ref.step !== 'kubelet-config-upload') return;
  await deps.store.clusters.setApplied(ref.clusterId, {
    kubelet: sharedKubelet(record.desired.spec),
  });
}

async function noteNetwork(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  loaded: LoadedCluster,
  result: StepRunResult,
): Promise<void> {
  if (ref.step === 'cni') await networkApplied(deps, ref, loaded, result);
  if (ref.step === 'cni-rollout') await networkRolledOut(deps, ref, loaded);
}

async function noteCondition(
  deps: ActivityDeps,
  ref: ClusterStepRef,
  failure?: string,
): Promise<void> {
  const type = CONDITION[ref.step];
  if (type === undefined) return;
  if (failure !== undefined) {
    await setCondition(deps, ref, { type, status: ConditionStatus.False, reason: failure });
  } else if (!NOT_YET.has(ref.step)) {
    await setCondition(deps, ref, { type, status: ConditionStatus.True });
  }
}
