import { setTimeout as delay } from 'node:timers/promises';

import type { Cluster } from '../core/cluster.js';
import { CommonConditionStatus, TasksetStatus } from '../core/words.js';
import { CliError, type Client } from './client.js';
import { clusterPath } from './paths.js';
import { Progress } from './progress.js';
import type { Screen } from './screen.js';
import type { Taskset } from '../core/phases.js';

export interface WatchOptions {
  client: Client;
  project: string;
  name: string;
  screen: Screen;
  /** Ends the watching; nothing is cancelled on the server. */
  signal?: AbortSignal;
  /** Ends a request that is under way as well. */
  requests?: AbortSignal;
  /** How often the server is asked. Default: once a second. */
  everyMs?: number;
}

/** How it ended; `cluster` as the server saw it last. */
export interface WatchResult {
  outcome: 'ready' | 'failed' | 'gone' | 'aborted';
  cluster?: Cluster;
}

const EVERY_MS = 1_000;
const PICTURE_EVERY_MS = 120;
/** A server that restarts is waited for this long. */
const PATIENCE_MS = 60_000;

/** Shows how a cluster gets on until nothing is left to do on it; looks at it once, unless requests have ended. */
export async function watchCluster(options: WatchOptions): Promise<WatchResult> {
  const { screen, signal, requests } = options;
  const isOff = (): boolean => requests?.aborted === true;
  const progress = new Progress();
  let taskset: Taskset | undefined;
  let begun: string | undefined;
  const redraw = setInterval(() => {
    if (taskset !== undefined) screen.picture(progress.live(taskset, Date.now()));
  }, PICTURE_EVERY_MS);
  let reachedAt = Date.now();
  try {
    for (let looks = 0; ; looks += 1) {
      if (isOff() || (looks > 0 && signal?.aborted === true)) return { outcome: 'aborted' };
      const askedAt = Date.now();
      try {
        const seen = await look(options);
        reachedAt = Date.now();
        if (seen === undefined) return { outcome: 'gone' };
        taskset = seen.taskset;
        if (taskset !== undefined && !isOver(taskset)) begun = taskset.id;
        // What ended before it was asked for this change is no news.
        if (taskset !== undefined && (begun === taskset.id || !isSubmitted(seen.cluster))) {
          screen.print(progress.news(taskset));
        }
        const outcome = outcomeOf(seen);
        if (outcome !== undefined) return { outcome, cluster: seen.cluster };
      } catch (error) {
        if (isOff()) return { outcome: 'aborted' };
        if (!isPassing(error) || Date.now() - reachedAt > PATIENCE_MS) throw error;
      }
      // What the server takes long over is not asked for all the time.
      const everyMs = Math.max(options.everyMs ?? EVERY_MS, 4 * (Date.now() - askedAt));
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(redraw);
    screen.picture([]);
  }
}

interface Seen {
  cluster: Cluster;
  /** The newest. */
  taskset: Taskset | undefined;
}

async function look({ client, project, name, requests }: WatchOptions): Promise<Seen | undefined> {
  const path = clusterPath(project, name);
  try {
    const cluster = await client.getJson<Cluster>(`${path}/status`, { signal: requests });
    const id = cluster.status?.lastTasksets[0]?.tasksetId;
    const taskset =
      id === undefined
        ? undefined
        : await client.getJson<Taskset>(`${path}/tasksets/${id}`, { signal: requests });
    return { cluster, taskset };
  } catch (error) {
    if (error instanceof CliError && error.status === 404) return undefined;
    throw error;
  }
}

/** Undefined while there is something to do. */
function outcomeOf({ cluster, taskset }: Seen): 'ready' | 'failed' | undefined {
  const status = cluster.status?.commonStatus.conditionStatus;
  if (taskset !== undefined && !isOver(taskset)) return undefined;
  if (status === CommonConditionStatus.Ok) return 'ready';
  if (status === CommonConditionStatus.Failed) return 'failed';
  return undefined;
}

function isOver({ status }: Taskset): boolean {
  return status === TasksetStatus.Complete || status === TasksetStatus.Failed;
}

function isSubmitted({ status }: Cluster): boolean {
  return status?.commonStatus.conditionStatus === CommonConditionStatus.Submitted;
}

/** Not reached, or not ready: a server that is being restarted. */
function isPassing(error: unknown): boolean {
  return error instanceof CliError && (error.status === undefined || error.status >= 500);
}
