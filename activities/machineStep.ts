import { createHash } from 'node:crypto';

import { Context } from '@temporalio/activity';

import { byHostname } from '../core/byHostname.js';
import type { NodeSpec } from '../core/cluster.js';
import { nodePaths, snapshotSteps, type StepName } from '../core/steps.js';
import { familyOf } from '../machine/families.js';
import type { MachineFacts } from '../machine/facts.js';
import { scriptText, stepModule, timeoutOf } from '../machine/steps/registry.js';
import type {
  FirstToken,
  JoinSecrets,
  RestoreContext,
  StepContext,
  StepModule,
} from '../machine/steps/types.js';
import type { MachineSession, StepRunResult } from '../machine/types.js';
import { isFirstRun } from './attempt.js';
import { blueprintContext } from './blueprintContext.js';
import { isRequestedCancel, signalOfShutdown } from './cancellation.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import { isControlPlane } from '../core/plan.js';
import { proxyAuthOf } from './proxyAuth.js';
import { redaction } from './redaction.js';
import type { OperationRef } from './refs.js';
import { sendAhead, sender } from './sendFiles.js';
import { createStepLog } from './stepLog.js';
import { machineTarget, withTarget } from './targets.js';

export interface MachineStep {
  ref: OperationRef;
  loaded: LoadedCluster;
  /** Whose machine the script runs on. */
  on: NodeSpec;
  step: StepName;
  /** The node it is about, when that is another one; names the run, so that two never share one. */
  subject?: NodeSpec;
  /** Nodes that leave, where it is about all of them. */
  leaving?: readonly NodeSpec[];
  /** Whose output it is; default: the machine's. */
  logAs?: string;
  join?: JoinSecrets;
  firstTokens?: readonly FirstToken[];
  /** The snapshot that it takes. */
  snapshot?: string;
  restore?: RestoreContext;
  /** The renewal of certificates that it belongs to. */
  renewal?: string;
  attempt: number;
}

/** The same step of the same taskset on the same machine always has the same id: that is how it is found again. */
export function runIdOf(of: {
  tasksetId: string;
  step: StepName;
  subject?: string;
  attempt: number;
}): string {
  const subject =
    of.subject === undefined
      ? ''
      : `-${createHash('sha256').update(of.subject).digest('hex').slice(0, 8)}`;
  return `${of.tasksetId}-${of.step}${subject}-${String(of.attempt)}`;
}

/**
 * Runs a step's script on a machine, or goes on following it where it already runs. Output goes to the
 * store as it comes, without the secrets that the step was given. Returns what the machine recorded; a failed script
 * is a result here, not an error.
 */
export async function runMachineStep(
  deps: ActivityDeps,
  input: MachineStep,
): Promise<StepRunResult> {
  const module = stepModule(input.step);
  const { record } = input.loaded;
  const runId = runIdOf({
    tasksetId: input.ref.tasksetId,
    step: input.step,
    ...(input.subject === undefined ? {} : { subject: input.subject.hostname }),
    attempt: input.attempt,
  });
  const query = {
    project: record.project,
    name: record.name,
    clusterId: record.id,
    spec: record.desired.spec,
    node: input.on,
  };
  const known = input.loaded.nodes.find(({ hostname }) => hostname === input.on.hostname);
  const { attempt: activityAttempt } = Context.current().info;
  // What is done for another node has its record there.
  const isNew =
    input.subject === undefined && isFirstRun(known?.steps[input.step], input.ref, activityAttempt);
  const node = input.logAs ?? input.on.hostname;
  const subject = input.subject?.hostname;
  // Together: between two steps a machine waits for nothing but this.
  const [context, log, target] = await Promise.all([
    stepContext(deps, input, module),
    createStepLog(
      deps,
      {
        clusterId: record.id,
        tasksetId: input.ref.tasksetId,
        operation: input.ref.operation,
        node,
        step: input.step,
        ...(subject === undefined || subject === node ? {} : { subject }),
        attempt: input.attempt,
      },
      { isNew },
    ),
    machineTarget(deps, query),
  ]);
  const redacted = redaction(secretsOf(context));
  try {
    const result = await withTarget(deps, query, target, async (session) => {
      const send = sender(deps, session, { context, tasksetId: input.ref.tasksetId });
      await send(module.artifacts?.(context) ?? [], module.artifactsStay);
      const ahead = sendAhead(send, () => module.ahead?.(context) ?? []);
      return await followUntilEnd(
        session,
        {
          runId,
          owner: { clusterId: record.id, cluster: record.name, project: record.project },
          tasksetId: input.ref.tasksetId,
          step: input.step,
          script: scriptText(module, familyOf(input.on.operatingSystem)),
          params: module.params(context),
          timeoutSeconds: timeoutOf(module, context),
          requireOwner: module.withoutOwner !== true,
          beside: module.beside === true,
          last: module.last === true,
        },
        module.finishes === true,
        {
          onBegun: ahead.begin,
          offset: log.offset,
          add: (lines, offset) => {
            log.add(lines.map(redacted.text), offset);
          },
        },
      ).finally(ahead.end);
    });
    return redacted.result(result);
  } catch (error) {
    throw redacted.error(error);
  } finally {
    await log.close();
  }
}

/** What of a step's parameters nobody may read but its machine. */
function secretsOf({
  proxyAuth,
  join,
  restore,
  firstTokens = [],
  blueprint,
}: StepContext): string[] {
  const tokens = [join?.token, ...firstTokens.map(({ token }) => token)];
  return [
    proxyAuth,
    proxyAuth?.slice(proxyAuth.indexOf(':') + 1),
    ...tokens,
    // The part before the dot names a token.
    ...tokens.map((token) => token?.split('.')[1]),
    join?.certificateKey,
    ...(blueprint?.addons ?? []).flatMap(({ secrets }) => secrets),
    restore?.snapshot?.keys,
  ].filter((secret) => secret !== undefined);
}

type Run = Parameters<MachineSession['runStep']>[0];

interface Following {
  onBegun: () => void;
  /** Where reading goes on. */
  offset: number;
  add(lines: string[], offset: number): void;
}

async function followUntilEnd(
  session: MachineSession,
  run: Run,
  finishes: boolean,
  following: Following,
): Promise<StepRunResult> {
  const { cancellationSignal } = Context.current();
  const signal = finishes ? signalOfShutdown() : cancellationSignal;
  try {
    return await session.runStep(run, {
      signal,
      fromOffset: following.offset,
      onBegun: following.onBegun,
      onLines: (lines, offset) => {
        following.add(lines, offset);
      },
    });
  } catch (error) {
    // A cancelled activity stops what it started; one that only lost its worker is found again by its id.
    if (signal.aborted && isRequestedCancel()) await session.cancelRun(run.runId);
    throw error;
  }
}

async function stepContext(
  deps: ActivityDeps,
  input: MachineStep,
  module: StepModule,
): Promise<StepContext> {
  const { record, nodes } = input.loaded;
  const { spec } = record.desired;
  const facts = nodes.find((node) => node.hostname === input.on.hostname)?.facts;
  const [proxyAuth, blueprint] = await Promise.all([
    proxyAuthOf(deps, record),
    blueprintContext(deps, record.project, { of: input.ref.blueprint, contents: module.addons }),
  ]);
  const context: StepContext = {
    cluster: {
      id: record.id,
      name: record.name,
      project: record.project,
      generation: record.generation,
    },
    spec,
    node: input.on,
    controlPlanes: spec.config.nodes
      .filter(isControlPlane)
      .map(({ hostname, privateIP }) => ({ hostname, privateIP }))
      .toSorted(byHostname),
    catalog: deps.source.catalog,
    ...(facts === undefined ? {} : { facts: facts as MachineFacts }),
    ...(deps.drainSeconds === undefined ? {} : { drainSeconds: deps.drainSeconds }),
    ...(input.subject === undefined ? {} : { subject: input.subject }),
    ...(input.leaving === undefined ? {} : { leaving: input.leaving }),
    ...(proxyAuth === undefined ? {} : { proxyAuth }),
    ...(blueprint === undefined ? {} : { blueprint }),
    ...(input.join === undefined ? {} : { join: input.join }),
    ...(input.firstTokens === undefined ? {} : { firstTokens: input.firstTokens }),
    ...(input.snapshot === undefined ? {} : { snapshot: input.snapshot }),
    ...(input.restore === undefined ? {} : { restore: input.restore }),
    ...(input.renewal === undefined ? {} : { renewal: input.renewal }),
  };
  const names = module.manifests?.(context) ?? [];
  if (names.length === 0) return context;
  const manifests = await Promise.all(
    names.map(async (name) => [name, await deps.source.manifest(name, spec)] as const),
  );
  return { ...context, manifests: Object.fromEntries(manifests) };
}

/** `[3/11]` of a node's path, for people. */
export function stepTitle(step: StepName): string {
  for (const path of [...Object.values(nodePaths), snapshotSteps]) {
    const found = path.find((definition) => definition.name === step);
    if (found !== undefined) return found.title;
  }
  return step;
}
