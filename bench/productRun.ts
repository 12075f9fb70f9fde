import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Cluster, NodeSpec } from '../core/cluster.js';
import { isControlPlane, type NodeTask } from '../core/plan.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import { parseStartConfig } from '../embedded/config.js';
import { freePort } from '../embedded/freePort.js';
import { startPlinth, type Plinth } from '../embedded/start.js';
import type { Lab } from '../lab/lab.js';
import { benchCluster } from './benchCluster.js';
import { cpuSeconds } from './cpuSeconds.js';
import type { TimedStep } from './criticalPath.js';
import { peakRssMb } from './peakRss.js';
import { timedSteps, type NodeOfApi } from './timedSteps.js';

export interface ProductRun {
  cluster: Cluster;
  nodes: NodeOfApi[];
  tasks: NodeTask[];
  steps: TimedStep[];
  /** Milliseconds since the epoch. */
  postedAt: number;
  readyAt: number;
  readySeconds: number;
  /** Peaks, MB of 1,000,000 bytes. */
  rssMb: { api: number; worker: number };
  /** Processor time of each of our processes between the POST and READY, seconds. */
  cpu: Record<string, number>;
  /** Load average of the minute that ends with READY. */
  load: number;
}

const POLL_MS = 200;
const PATIENCE_MS = 15 * 60_000;
const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';

/** Starts what `npm start` starts, with nothing from an earlier run, posts the cluster and waits until it is READY. */
export async function provisionByProduct(
  lab: Lab,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ProductRun> {
  const data = await mkdtemp(join(tmpdir(), 'plinth-bench-'));
  let plinth: Plinth | undefined;
  try {
    const env = await environment(lab, data);
    plinth = await startPlinth({ config: parseStartConfig(env), env, say: () => undefined });
    signal.throwIfAborted();
    return await measure(plinth, await benchCluster(lab, names), signal);
  } finally {
    await plinth?.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function environment(lab: Lab, data: string): Promise<NodeJS.ProcessEnv> {
  const key = join(data, 'ssh-keys', 'id_ed25519');
  await mkdir(join(data, 'ssh-keys'), { recursive: true, mode: 0o700 });
  await copyFile(lab.privateKeyPath, key);
  await chmod(key, 0o600);
  const { TEMPORAL_ADDRESS: _t, MONGODB_URI: _m, PLINTH_KEYS: _k, ...inherited } = process.env;
  return {
    ...inherited,
    PLINTH_HOST: '127.0.0.1',
    PLINTH_PORT: String(await freePort('127.0.0.1')),
    PLINTH_DATA: data,
    PLINTH_ARTIFACTS: lab.bundle,
  };
}

async function measure(plinth: Plinth, cluster: Cluster, signal: AbortSignal): Promise<ProductRun> {
  const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(`${plinth.url}${CLUSTERS}${path}`, {
      ...init,
      signal,
      headers: { 'x-api-key': plinth.adminKey.key, 'content-type': 'application/json' },
    });
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  };
  const { name } = cluster.metadata;
  const cpuBefore = await cpuOf(plinth);
  const postedAt = Date.now();
  await ask('', { method: 'POST', body: JSON.stringify(cluster) });
  for (;;) {
    const { status } = await ask<Cluster>(`/${name}/status`);
    if (status?.commonStatus.conditionStatus === 3) throw new Error(status.commonStatus.reason);
    if (status !== undefined && isReady(status.conditions)) break;
    if (Date.now() - postedAt > PATIENCE_MS) throw new Error('not READY after 15 min');
    await delay(POLL_MS, undefined, { signal });
  }
  const readyAt = Date.now();
  const load = loadavg()[0] ?? 0;
  const cpuAfter = await cpuOf(plinth);
  const { items } = await ask<{ items: NodeOfApi[] }>(`/${name}/nodes`);
  const { api, worker } = plinth.pids();
  return {
    cluster,
    nodes: items,
    tasks: cluster.spec.config.nodes.map(taskOf),
    steps: items.flatMap(timedSteps),
    ...{ postedAt, readyAt, load },
    cpu: Object.fromEntries(
      Object.entries(cpuAfter).map(([part, used]) => [part, used - (cpuBefore[part] ?? 0)]),
    ),
    readySeconds: (readyAt - postedAt) / 1000,
    rssMb: { api: await peakRssMb(api), worker: await peakRssMb(worker) },
  };
}

async function cpuOf(plinth: Plinth): Promise<Record<string, number>> {
  const used = Object.entries(plinth.pids()).map(
    async ([part, pid]) => [part, await cpuSeconds(pid)] as const,
  );
  return Object.fromEntries(await Promise.all(used));
}

function isReady(conditions: readonly { type: string; status: string }[]): boolean {
  return (
    conditions.every(({ status }) => status === ConditionStatus.True) &&
    conditions.some(({ type }) => type === ConditionType.Ready)
  );
}

/** The one control plane of the bench's cluster leads. */
function taskOf(node: NodeSpec): NodeTask {
  return { hostname: node.hostname, path: isControlPlane(node) ? 'leader' : 'worker' };
}
