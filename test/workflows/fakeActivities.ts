import { ApplicationFailure } from '@temporalio/common';

import type { Activities } from '../../activities/index.js';
import type { RolloutTurn } from '../../activities/rollouts.js';
import type { OperationOutcome, OperationRef, Work } from '../../activities/refs.js';
import type { TasksetNews } from '../../activities/webhooks.js';
import type { OperationPlan } from '../../core/plan.js';
import type { RequestOrigin } from '../../core/requestOrigin.js';
import type { UpkeepPage, UpkeepTurn } from '../../core/upkeep.js';

export interface FakeWorld {
  activities: Activities;
  /** What was called, in order: `step m1 claim`, `begin ClusterCreation`, … */
  calls: string[];
  ended: { failed: boolean; outcomes: OperationOutcome[] }[];
}

export interface FakeOptions {
  operations: OperationPlan[];
  deleting?: boolean;
  /** Who asked for the first taskset, as the store has it. */
  by?: RequestOrigin;
  /** What follows when the cluster is found deleted in the middle of its work. */
  deletion?: OperationPlan;
  isDeleting?(): boolean;
  /** For whom the cluster has to wait at this moment; undefined: for nobody. */
  waitingFor?(): string | undefined;
  /** In which order etcd lets nodes leave; absent: in that of the plan. */
  order?: string[];
  /** Steps that find nothing to do. */
  skips?: readonly string[];
  /** Throw here to fail a step: `m2 kubeadm-join`. */
  onStep?(name: string, attempt: number): void | Promise<void>;
  onFacts?(hostname: string): void;
  onPreflight?(unreachable: string[]): void;
  /** Throw here where what is to be restored cannot be. */
  onRestoreCheck?(): void;
  /** Who is told of the taskset's end. */
  news?: TasksetNews;
  /** Throw here to fail an attempt at telling a webhook. */
  onDelivery?(webhook: string): void;
  /** Of a blueprint's rollout. */
  rollout?: { begin(): { version: string } | undefined; advance(): RolloutTurn };
  /** Of the hourly work; absent: nothing is due. Throw here to fail a page. */
  upkeep?(page: UpkeepPage): UpkeepTurn;
}

/** Activities that do nothing but remember the order in which they were asked. */
export function fakeWorld(options: FakeOptions): FakeWorld {
  const calls: string[] = [];
  const ended: FakeWorld['ended'] = [];
  const attempts = new Map<string, number>();
  let taken = false;
  let deletionTaken = false;

  const step = async (name: string): Promise<{ outcome: 'done' | 'skipped' }> => {
    const attempt = (attempts.get(name) ?? 0) + 1;
    attempts.set(name, attempt);
    calls.push(`start ${name}`);
    await options.onStep?.(name, attempt);
    calls.push(`end ${name}`);
    return { outcome: options.skips?.includes(name) === true ? 'skipped' : 'done' };
  };
  const note =
    (what: string) =>
    async (ref: OperationRef): Promise<void> => {
      calls.push(`${what} ${ref.operation}`);
      return Promise.resolve();
    };

  const activities: Activities = {
    takeWork: async ({ tasksetId }) => {
      const waiting = options.isDeleting?.() === true ? undefined : options.waitingFor?.();
      if (waiting !== undefined) {
        calls.push(`waiting ${waiting}`);
        return Promise.resolve({ waiting });
      }
      const deletion = options.isDeleting?.() === true ? options.deletion : undefined;
      if (taken && (deletion === undefined || deletionTaken)) return Promise.resolve(undefined);
      deletionTaken = taken;
      taken = true;
      const work: Work = {
        clusterId: 'c000001',
        generation: 1,
        retries: 0,
        deleting: options.deleting ?? deletion !== undefined,
        ...(options.by === undefined || deletionTaken ? {} : { by: options.by }),
        tasksetId,
        operations: deletion === undefined ? options.operations : [deletion],
        finished: [],
      };
      return Promise.resolve(work);
    },
    isDeleting: () => Promise.resolve(options.isDeleting?.() ?? false),
    beginOperation: note('begin'),
    endOperation: async (ref, outcome) => {
      calls.push(`${outcome.failed ? 'failed' : 'ended'} ${ref.operation}`);
      return Promise.resolve();
    },
    endTaskset: async (_ref, _work, outcomes) => {
      ended.push({ failed: outcomes.some((outcome) => outcome.failed), outcomes });
      return Promise.resolve(options.news);
    },
    deliverWebhook: async ({ webhook, event }) => {
      calls.push(`tell ${webhook} ${event.type}`);
      options.onDelivery?.(webhook);
      return Promise.resolve({ outcome: 'done' });
    },
    giveUpWebhook: async ({ webhook }, problem) => {
      calls.push(`give up ${webhook}: ${problem}`);
      return Promise.resolve();
    },
    beginRollout: async () => {
      calls.push('begin rollout');
      return Promise.resolve(options.rollout?.begin());
    },
    advanceRollout: async () => {
      const turn = options.rollout?.advance() ?? { version: 'v2', asked: [], ended: true };
      calls.push(`rollout asks ${turn.asked.join(' ') || 'nobody'}${turn.ended ? ', ended' : ''}`);
      return Promise.resolve(turn);
    },
    removeCluster: async () => {
      calls.push('remove cluster');
      return Promise.resolve();
    },
    gatherFacts: async ({ hostname }) => {
      calls.push(`facts ${hostname}`);
      options.onFacts?.(hostname);
      return Promise.resolve();
    },
    preflightCluster: async (_ref, { unreachable }) => {
      calls.push('preflight');
      options.onPreflight?.(unreachable.map((node) => node.hostname));
      return Promise.resolve();
    },
    checkRestore: async (ref) => {
      await note('check')(ref);
      options.onRestoreCheck?.();
    },
    runNodeStep: (ref) => step(`${ref.hostname} ${ref.step}`),
    runClusterStep: async (ref) => {
      const done = await step(`${ref.subject ?? 'cluster'} ${ref.step}`);
      const asked = ref.step === 'etcd-member-check' && options.order !== undefined;
      return asked ? { ...done, order: options.order ?? [] } : done;
    },
    failNode: async ({ hostname, step: name }) => {
      calls.push(`fail ${hostname} ${name ?? ''}`);
      return Promise.resolve();
    },
    forgetNode: async ({ hostname }) => {
      calls.push(`forget ${hostname}`);
      return Promise.resolve();
    },
    orphanNode: async ({ hostname }) => {
      calls.push(`orphan ${hostname}`);
      return Promise.resolve();
    },
    markControlPlaneUp: note('control plane up'),
    storeKubeconfig: note('kubeconfig'),
    takeSnapshot: async ({ snapshot }) => {
      await step(`snapshot ${snapshot}`);
    },
    pruneSnapshots: note('prune'),
    upkeepPage: async (page) => {
      calls.push(`upkeep ${page.part}${page.after === undefined ? '' : ` after ${page.after.id}`}`);
      return Promise.resolve(options.upkeep?.(page) ?? { asked: 0, read: 0 });
    },
    markNodes: async (_ref, failures) => {
      calls.push(`nodes ${failures.length === 0 ? 'synced' : 'failed'}`);
      return Promise.resolve();
    },
  };
  return { activities, calls, ended };
}

/** A step's own failure, as the activities report it. */
export function stepFailure(node: string, step: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'StepFailed',
    nonRetryable: true,
    message: `"${step}" failed`,
    details: [{ node, step, command: `${step} --now`, exitCode: 7, hint: 'mend it' }],
  });
}
