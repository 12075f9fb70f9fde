import type { NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import type { NodeRecord, NodeStepRecord } from '../core/records.js';
import { cleanSteps, type StepName } from '../core/steps.js';
import { NodeStatus } from '../core/words.js';
import type { JoinSecrets } from '../machine/steps/types.js';
import type { StepRunResult } from '../machine/types.js';
import { attemptOf } from './attempt.js';
import { cancellationBehind, isRequestedCancel } from './cancellation.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { drawFirstTokens, drawJoinSecrets, forgetJoinSecrets, madeBefore } from './joinSecrets.js';
import { joinedControlPlanes, loadCluster, nodeSpec, type LoadedCluster } from './load.js';
import { runMachineStep, type MachineStep } from './machineStep.js';
import type { OperationRef, StepRef } from './refs.js';
import { isLost, stepError } from './stepError.js';
import { renewalOf, RENEWAL_STEPS } from './renewal.js';
import { restoreContext, RESTORE_STEPS } from './restore.js';
import { afterStep, beforeStep } from './stepEffects.js';

/** A machine that reboots under a step three times is not going to stop. */
const UNKNOWN_OUTCOMES = 3;
/** What the API server has to be asked for with an administrator's credentials. */
const THROUGH_STEPS: ReadonlySet<StepName> = new Set([
  'upgrade-drain',
  'uncordon',
  'node-delete',
  'join-token',
]);
const JOIN_STEPS: ReadonlySet<StepName> = new Set(['kubeadm-join', 'kubeadm-join-control-plane']);

export interface StepOutcome {
  outcome: 'done' | 'skipped';
}

/** One step of one node: run or found again, recorded before and after. */
export async function runNodeStep(deps: ActivityDeps, ref: StepRef): Promise<StepOutcome> {
  return heartbeating(async () => {
    const loaded = await loadCluster(deps, ref, {
      hostnames: [ref.hostname],
      controlPlanes: THROUGH_STEPS.has(ref.step) || JOIN_STEPS.has(ref.step),
    });
    const on = nodeSpec(loaded, ref.hostname);
    const known = loaded.nodes.find((node) => node.hostname === ref.hostname);
    const previous = known?.steps[ref.step];
    const { startedAt, ...first } = attemptOf(previous, ref);
    let { attempt } = first;
    let spent = false;
    const record = (set: Partial<NodeStepRecord>): Promise<void> =>
      deps.store.nodes.setStep(ref.clusterId, ref.hostname, ref.step, {
        state: 'running',
        tasksetId: ref.tasksetId,
        operation: ref.operation,
        operationIndex: ref.operationIndex,
        attempt,
        ...(spent ? { spent } : {}),
        startedAt,
        ...set,
      });
    const next = (): Promise<void> => {
      attempt += 1;
      spent = false;
      return record({});
    };
    if (ref.step === 'uncordon' && known?.leaving === true) {
      // It is no whole node any more: no pod is to come there.
      await record({ state: 'skipped', endedAt: Date.now() });
      return { outcome: 'skipped' };
    }
    await beforeStep(deps, ref, loaded, on);
    // The script need not wait for it: a run that has no record yet is found again by its id all the same.
    const begun = record({});
    begun.catch(() => undefined);
    try {
      let sentAgain = false;
      for (let unknowns = 0; ; unknowns += 1) {
        const result = await runOnce(deps, { ref, loaded, on, attempt });
        await begun;
        if (result.outcome === 'done' || result.outcome === 'skipped') {
          await afterStep(deps, ref, loaded, on, result);
          await record({ state: result.outcome, endedAt: Date.now(), ...unitTimes(result) });
          return { outcome: result.outcome };
        }
        // Whatever comes next must be a run of its own: this one's result stands on the machine.
        spent = true;
        if (result.outcome === 'unknown' && unknowns < UNKNOWN_OUTCOMES) {
          await next();
          continue;
        }
        // It asks for what was thought to be there: sent before the next run, once.
        if (result.results['again'] !== undefined && !sentAgain) {
          sentAgain = true;
          await next();
          continue;
        }
        await record({});
        throw stepError(ref.hostname, ref.step, result);
      }
    } catch (error) {
      if (isCleanAlready(error, ref.step)) {
        await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
          claimed: false,
          joined: false,
        });
        await record({ state: 'skipped', endedAt: Date.now() });
        return { outcome: 'skipped' };
      }
      await begun;
      // Nothing failed: who asked for it says what comes of the node.
      const cancellation = cancellationBehind(error);
      if (cancellation !== undefined) {
        if (isRequestedCancel())
          await record({ state: 'failed', endedAt: Date.now(), ...stopped(ref) });
        throw cancellation;
      }
      if (error instanceof AppError) await recordFailure(deps, ref, error, record);
      throw error;
    }
  });
}

function stopped({ hostname: node, step }: StepRef): Pick<NodeStepRecord, 'failure'> {
  return { failure: { node, step, message: 'stopped by request' } };
}

/** A machine that was made anew since is clean: there is nothing of ours to take away. */
function isCleanAlready(error: unknown, step: StepName): boolean {
  return (
    error instanceof AppError &&
    error.code === ErrorCode.NotClaimed &&
    cleanSteps.some(({ name }) => name === step)
  );
}

interface OneRun {
  ref: StepRef;
  loaded: LoadedCluster;
  on: NodeSpec;
  attempt: number;
}

async function runOnce(deps: ActivityDeps, run: OneRun): Promise<StepRunResult> {
  const { ref, loaded, on, attempt } = run;
  const plain = { ref, loaded, on, step: ref.step, attempt };
  const work = (join: JoinSecrets): Promise<StepRunResult> =>
    runMachineStep(deps, { ...plain, join });
  if (ref.step === 'kubeadm-init') {
    const firstTokens = await drawFirstTokens(deps, ref, loaded);
    return runMachineStep(deps, { ...plain, firstTokens });
  }
  if (RESTORE_STEPS.has(ref.step)) {
    return runMachineStep(deps, { ...plain, restore: await restoreContext(deps, run) });
  }
  if (RENEWAL_STEPS.has(ref.step)) {
    return runMachineStep(deps, { ...plain, renewal: await renewalOf(deps, ref) });
  }
  if (ref.step === 'join-token') {
    const drawn = await drawJoinSecrets(deps, ref, attempt);
    return runThroughControlPlane(deps, run, { join: { ...drawn, caCertHash: '' } });
  }
  if (THROUGH_STEPS.has(ref.step)) return runThroughControlPlane(deps, run);
  if (!JOIN_STEPS.has(ref.step)) return runMachineStep(deps, plain);
  const made = await madeBefore(deps, run);
  return made === undefined ? joinWithFreshCredentials(deps, run, work) : work(made);
}

/** Through the first control plane that can be reached, the node's own machine last. */
async function runThroughControlPlane(
  deps: ActivityDeps,
  run: OneRun,
  given: Pick<MachineStep, 'join'> = {},
): Promise<StepRunResult> {
  const { ref, loaded, on, attempt } = run;
  const own = (node: NodeRecord): number => Number(node.hostname === ref.hostname);
  const through = joinedControlPlanes(loaded).toSorted((a, b) => own(a) - own(b));
  let lost: unknown = new AppError(ErrorCode.StepFailed, 'no control plane has joined', {
    failure: { node: ref.hostname, step: ref.step },
  });
  for (const { spec } of through) {
    try {
      return await runMachineStep(deps, {
        ...{ ref, loaded, on: spec, subject: on, step: ref.step, attempt },
        logAs: ref.hostname,
        ...given,
      });
    } catch (error) {
      if (!isLost(error)) throw error;
      lost = error;
    }
  }
  throw lost;
}

/** A token (and, for a control plane, a certificate key) of its own, made just before; `check-in` revokes it. */
async function joinWithFreshCredentials(
  deps: ActivityDeps,
  run: OneRun,
  work: (join: JoinSecrets) => Promise<StepRunResult>,
): Promise<StepRunResult> {
  const { ref, loaded, on, attempt } = run;
  const through = joinedControlPlanes(loaded, ref.hostname)[0];
  if (through === undefined) {
    throw new AppError(ErrorCode.StepFailed, 'there is no control plane to join', {
      failure: { node: ref.hostname, step: ref.step },
    });
  }
  const drawn = await drawJoinSecrets(deps, ref, attempt);
  const made = await runMachineStep(deps, {
    ref,
    loaded,
    on: through.spec,
    subject: on,
    step: 'join-credentials',
    attempt,
    join: { ...drawn, caCertHash: '' },
  });
  await recordHelper(deps, run, 'join-credentials', made);
  if (made.outcome !== 'done' && made.outcome !== 'skipped') return made;
  const result = await work({ ...drawn, caCertHash: made.results['caCertHash'] ?? '' });
  if (result.outcome === 'done' || result.outcome === 'skipped') {
    await forgetJoinSecrets(deps, ref, attempt);
  }
  return result;
}

/** A helper runs on a control plane for this node: its times stand with the node's own steps. */
async function recordHelper(
  deps: ActivityDeps,
  { ref, attempt }: OneRun,
  step: StepName,
  result: StepRunResult,
): Promise<void> {
  await deps.store.nodes.setStep(ref.clusterId, ref.hostname, step, {
    state: result.outcome === 'done' || result.outcome === 'skipped' ? result.outcome : 'failed',
    tasksetId: ref.tasksetId,
    operation: ref.operation,
    operationIndex: ref.operationIndex,
    attempt,
    startedAt: result.startedAt,
    endedAt: result.endedAt,
    ...unitTimes(result),
  });
}

export function unitTimes(
  result: StepRunResult,
): Pick<NodeStepRecord, 'unitStartedAt' | 'unitEndedAt'> {
  return { unitStartedAt: result.startedAt, unitEndedAt: result.endedAt };
}

async function recordFailure(
  deps: ActivityDeps,
  ref: StepRef,
  error: AppError,
  record: (set: Partial<NodeStepRecord>) => Promise<void>,
): Promise<void> {
  const failure = {
    node: ref.hostname,
    step: ref.step,
    ...error.failure,
    code: error.code,
    message: error.message,
  };
  if (error.retryable) {
    await deps.store.nodes.upsert(ref.clusterId, ref.hostname, { lastError: failure });
    return;
  }
  await record({ state: 'failed', endedAt: Date.now(), failure });
  await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
    lastError: failure,
    status: NodeStatus.Failed,
  });
}

/** The workflow gave up on a node: the last error becomes final (a class that was worth retrying ran out). */
export async function failNode(
  deps: ActivityDeps,
  ref: OperationRef & { hostname: string; step?: StepName; message: string },
): Promise<void> {
  const node = await deps.store.nodes.get(ref.clusterId, ref.hostname);
  const step = ref.step ?? latestStep(node, ref) ?? 'facts';
  const last = node?.lastError;
  // Of the attempt before it was given up, with all that its machine said.
  const isKnown = ref.step !== undefined && last?.step === step;
  const failure = isKnown ? last : { node: ref.hostname, step, message: ref.message };
  const known = node?.steps[step];
  const isAbout = ref.step !== undefined || known?.state === 'running';
  if (known !== undefined && isAbout && known.tasksetId === ref.tasksetId) {
    await deps.store.nodes.setStep(ref.clusterId, ref.hostname, step, {
      ...known,
      state: 'failed',
      endedAt: known.endedAt ?? Date.now(),
      failure,
    });
  }
  await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
    lastError: failure,
    status: NodeStatus.Failed,
  });
}

/** The last that began: whoever gives a node up whose workflow was ended by hand does not know how far it had come. */
function latestStep(
  node: NodeRecord | undefined,
  { tasksetId }: OperationRef,
): StepName | undefined {
  const begun = Object.entries(node?.steps ?? {})
    .filter(([, step]) => step.tasksetId === tasksetId)
    .toSorted(([, a], [, b]) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  return begun.at(-1)?.[0] as StepName | undefined;
}
