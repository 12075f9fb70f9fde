import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Client, Connection } from '@temporalio/client';
import { MongoClient } from 'mongodb';

import type { Cluster } from '../../core/cluster.js';
import { ConditionStatus } from '../../core/words.js';
import { parseStartConfig } from '../../embedded/config.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { startManifestMirror } from '../../test/fixtures/manifestMirror.js';
import { farmCluster, farmEnvironment } from '../../test/product/farmProduct.js';
import { cpuSeconds } from '../cpuSeconds.js';
import { peakRssMb } from '../peakRss.js';
import { openFarm } from './farm.js';
import type { ScaleRun } from './figures.js';

const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';
const NAME = 'scale';
/** As often for each machine, whatever the size: an answer tells of all of them. */
const pollMs = (machines: number): number => Math.min(10_000, Math.max(500, machines * 10));
/** A server that is busy may fail a poll; one that fails them all so long is no use. */
const FAILING_MS = 120_000;
/** Two seconds a machine and five minutes: whatever takes longer is not worth waiting for. */
const patienceMs = (machines: number): number => 300_000 + machines * 2_000;

export interface ScaleOptions {
  say: (line: string) => void;
  signal: AbortSignal;
}

/** One cluster of so many machines on a product that was just started; leaves nothing behind. */
export async function provisionScale(
  machines: number,
  { say, signal }: ScaleOptions,
): Promise<ScaleRun> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    say(`\n${String(machines)} machines …`);
    const data = await mkdtemp(join(tmpdir(), 'plinth-scale-'));
    ends.push(() => rm(data, { recursive: true, force: true }));
    const farm = await openFarm(machines);
    ends.push(() => farm.stop());
    const mirror = await startManifestMirror();
    ends.push(() => new Promise((closed) => mirror.server.close(closed)));
    const env = await farmEnvironment(data, mirror.url);
    const plinth = await startPlinth({ config: parseStartConfig(env), env, say });
    ends.push(() => plinth.stop());
    return { machines, ...(await measure(plinth, { farm, signal })) };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function measure(
  plinth: Plinth,
  { farm, signal }: { farm: Awaited<ReturnType<typeof openFarm>>; signal: AbortSignal },
): Promise<Omit<ScaleRun, 'machines'>> {
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${plinth.url}${CLUSTERS}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal,
      headers: { 'x-api-key': plinth.adminKey.key, 'content-type': 'application/json' },
    });
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  };
  const cpuBefore = await cpuOf(plinth);
  const writesBefore = await databaseWork(plinth.mongodbUri);
  let failedPolls = 0;
  const postedAt = Date.now();
  await ask('', farmCluster(NAME, farm.ports));
  const acceptedSeconds = (Date.now() - postedAt) / 1000;
  let answeredAt = Date.now();
  for (;;) {
    const answer = await ask<Cluster>(`/${NAME}/status`).catch((error: unknown) => {
      if (signal.aborted || Date.now() - answeredAt > FAILING_MS) throw error;
      failedPolls += 1;
      return undefined;
    });
    if (answer !== undefined) answeredAt = Date.now();
    const status = answer?.status;
    if (status?.commonStatus.conditionStatus === 3) throw new Error(status.commonStatus.reason);
    if (status?.commonStatus.conditionStatus === 2) {
      const open = status.conditions.filter((each) => each.status !== ConditionStatus.True);
      if (open.length > 0) throw new Error(`ended without ${JSON.stringify(open)}`);
      break;
    }
    if (Date.now() - postedAt > patienceMs(farm.ports.length)) {
      throw new Error('not READY in time');
    }
    await delay(pollMs(farm.ports.length), undefined, { signal });
  }
  const seconds = (Date.now() - postedAt) / 1000;
  const load = loadavg()[0] ?? 0;
  const cpuAfter = await cpuOf(plinth);
  const work = await databaseWork(plinth.mongodbUri);
  const used = (part: string): number => (cpuAfter[part] ?? 0) - (cpuBefore[part] ?? 0);
  const { logins, most } = await farm.logins();
  const { api, worker } = plinth.pids();
  return {
    ...{ acceptedSeconds, seconds, load, failedPolls },
    cpu: {
      ...{ api: used('api'), worker: used('worker') },
      ...{ temporal: used('temporal'), mongo: used('mongo') },
    },
    ...(await histories(plinth.temporalAddress)),
    mongoWrites: work.writes - writesBefore.writes,
    mongoReads: work.reads - writesBefore.reads,
    ...{ handshakes: logins, mostHandshakes: most },
    ...{ apiMb: await peakRssMb(api), workerMb: await peakRssMb(worker) },
  };
}

async function cpuOf(plinth: Plinth): Promise<Record<string, number>> {
  const used = Object.entries(plinth.pids()).map(
    async ([part, pid]) => [part, await cpuSeconds(pid)] as const,
  );
  return Object.fromEntries(await Promise.all(used));
}

/** Commands that the server has answered so far. */
async function databaseWork(uri: string): Promise<{ writes: number; reads: number }> {
  const client = await MongoClient.connect(uri);
  try {
    const { opcounters } = await client.db('admin').command({ serverStatus: 1 });
    const {
      insert,
      update,
      delete: removed,
      query,
      getmore,
    } = opcounters as Record<string, number>;
    return {
      writes: (insert ?? 0) + (update ?? 0) + (removed ?? 0),
      reads: (query ?? 0) + (getmore ?? 0),
    };
  } finally {
    await client.close();
  }
}

async function histories(
  address: string,
): Promise<Pick<ScaleRun, 'historyEvents' | 'longestHistory'>> {
  const connection = await Connection.connect({ address });
  try {
    let [historyEvents, longestHistory] = [0, 0];
    for await (const { historyLength } of new Client({ connection }).workflow.list()) {
      historyEvents += historyLength;
      longestHistory = Math.max(longestHistory, historyLength);
    }
    return { historyEvents, longestHistory };
  } finally {
    await connection.close();
  }
}
