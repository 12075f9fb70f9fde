import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { ClusterRecord } from '../core/records.js';
import type { Store } from '../store/types.js';
import type { ClusterWorkflows } from './workflows.js';

const EVERY_MS = 5_000;
/** Calls to Temporal of one round: it stays a small load whatever the backlog. */
const PER_ROUND = 200;
const AT_ONCE = 8;
/** A workflow seen running is left alone this long: one that is terminated by hand waits at most that. */
const TRUST_RUNNING_MS = 15_000;

export interface ReconcilerDeps {
  store: Store;
  workflows: ClusterWorkflows;
  log: Logger;
  /** For tests. Default 5 s. */
  everyMs?: number;
  /** For tests. Default 15 s. */
  trustRunningMs?: number;
}

export interface Reconciler {
  /** Ends after the round that is under way. */
  stop(): Promise<void>;
}

/**
 * Delivers what was recorded but not handed to Temporal, and starts again what was terminated or lost there:
 * every few seconds, from the start on, each cluster whose desired state is ahead of what was acted upon gets
 * its workflow told, unless one is running. A running one is not told again: it looks at the store by itself
 * before it ends, and each signal would lengthen its history.
 */
export function startReconciler(deps: ReconcilerDeps): Reconciler {
  const stopping = new AbortController();
  const seenRunning = new Map<string, number>();
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await reconcileOnce(deps, seenRunning, stopping.signal);
        await reconcileRollouts(deps, stopping.signal);
      } catch (error) {
        deps.log.warn({ err: error }, 'reconciler: round not finished');
      }
      await pause(deps.everyMs ?? EVERY_MS, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await rounds;
    },
  };
}

async function reconcileOnce(
  deps: ReconcilerDeps,
  seenRunning: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const now = Date.now();
  const trust = deps.trustRunningMs ?? TRUST_RUNNING_MS;
  for (const [id, at] of seenRunning) if (now - at >= trust) seenRunning.delete(id);
  // The oldest are often the running ones: reading past them, none behind them starves.
  const waiting = await deps.store.clusters.unobserved(PER_ROUND + seenRunning.size);
  const due = waiting.filter((record) => !seenRunning.has(record.id)).slice(0, PER_ROUND);
  const queue = due.values();
  const take = async (): Promise<void> => {
    for (const record of queue) {
      if (signal.aborted) return;
      if (await deliver(deps, record)) seenRunning.set(record.id, Date.now());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

/** True when a workflow is running for this cluster now. */
async function deliver(
  { workflows, log }: ReconcilerDeps,
  { project, name }: ClusterRecord,
): Promise<boolean> {
  if (await workflows.isRunning(project, name)) return true;
  await workflows.notify(project, name);
  log.info({ project, cluster: name }, 'reconciler: workflow started');
  return true;
}

/** Versions of blueprints that have yet to come to the clusters that follow them. */
async function reconcileRollouts(
  { store, workflows, log }: ReconcilerDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const { project, name } of await store.blueprints.pendingRollouts(PER_ROUND)) {
    if (signal.aborted) return;
    if (await workflows.isRollingOut(project, name)) continue;
    await workflows.rollOut(project, name);
    log.info({ project, blueprint: name }, 'reconciler: rollout started');
  }
}

/** At once where the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
