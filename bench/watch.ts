import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { NodeSpec } from '../core/cluster.js';
import { fulfilledConditions } from '../core/conditions.js';
import { LOOK_EVERY_MS } from '../core/health.js';
import { nodeLoginName } from '../core/sshSecrets.js';
import { startMongo } from '../embedded/mongo.js';
import { createMachines } from '../machine/pool.js';
import { createStore } from '../store/store.js';
import type { Store } from '../store/types.js';
import { createVault } from '../vault/vault.js';
import { startWatcher } from '../watch/watcher.js';
import { startCountingProxy } from './countingProxy.js';
import { medianOf } from './median.js';
import { peakRssMb } from './peakRss.js';
import type { MachineOrder, Started } from './watchMachines.js';

const HOST = '127.0.0.1';
const PROJECT = 'bench';
/** Each way of dying is tried on so many clusters. */
const DEATHS = 10;
const AIM_SECONDS = 120;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Bench {
  store: Store;
  machines: ChildProcess;
  ids: string[];
  requests: () => number;
  looks: () => number;
}

/**
 * What watching costs: looks per second, processor time and requests to MongoDB for each, and how long it takes until the
 * status tells the truth. Machines are ssh2 servers from test/ that answer from memory.
 */
export async function watch(args: string[]): Promise<void> {
  const { clusters, seconds } = readOptions(args);
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const bench = await start(clusters, ends);
    const begun = performance.now();
    await until('every cluster was looked at', 600, async () => bench.looks() >= clusters);
    const firstPass = (performance.now() - begun) / 1000;
    say(`machines: ssh2 servers from test/ that answer from memory, one for each cluster`);
    say(
      `${clusters} clusters were all looked at after ${firstPass.toFixed(1)} s (20 SSH handshakes a second)`,
    );
    const steady = await measure(bench, seconds);
    say(
      `${steady.looks} looks in ${seconds} s: ${(steady.looks / seconds).toFixed(1)} a second, of each cluster every ${LOOK_EVERY_MS / 1000} s`,
    );
    say(
      `each: ${steady.cpuMs.toFixed(2)} ms of processor time, ${steady.requests.toFixed(1)} requests to MongoDB`,
    );
    const perCore = Math.floor(LOOK_EVERY_MS / steady.cpuMs);
    say(`one processor core would do for ${perCore} clusters`);
    const api = await deaths(bench, 'silentWorkers', { from: 0, node: 'node-2' });
    const power = await deaths(bench, 'noPower', { from: DEATHS, node: 'node-1' });
    const words = (of: number[]): string =>
      `median ${medianOf(of).toFixed(1)} s, most ${Math.max(...of).toFixed(1)} s`;
    say(`NOT_READY after the API server has said so (it waits some 40 s itself): ${words(api)}`);
    say(`NOT_READY after the only control plane has lost its power: ${words(power)}`);
    const met = Math.max(...api) + 50 <= AIM_SECONDS && Math.max(...power) <= AIM_SECONDS;
    say(`within ${AIM_SECONDS} s, the API server's own 50 s included: ${met ? 'met' : 'NOT MET'}`);
    const rss = await peakRssMb(process.pid);
    say(`${rss.toFixed(0)} MB at the peak, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
    say(
      JSON.stringify({
        ...{ bench: 'watch', clusters, looks_per_s: round(steady.looks / seconds) },
        ...{
          cpu_ms_per_look: round(steady.cpuMs),
          mongo_requests_per_look: round(steady.requests),
        },
        ...{ clusters_per_core: perCore, first_pass_s: round(firstPass) },
        ...{
          not_ready_api_s: round(Math.max(...api)),
          not_ready_power_s: round(Math.max(...power)),
        },
        rss_mb: Math.round(rss),
      }),
    );
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function start(clusters: number, ends: (() => Promise<unknown>)[]): Promise<Bench> {
  const data = await mkdtemp(join(tmpdir(), 'plinth-bench-'));
  ends.push(() => rm(data, { recursive: true, force: true }));
  const mongo = await startMongo({ dataDir: data, host: HOST });
  ends.push(() => mongo.stop());
  const proxy = await startCountingProxy(HOST, Number(new URL(mongo.uri).port));
  ends.push(() => proxy.close());
  const uri = mongo.uri.replace(/:\d+\//, `:${proxy.port}/`);
  const store = await createStore({ uri, database: 'bench' });
  ends.push(() => store.close());
  const machines = fork(fileURLToPath(new URL('watchMachines.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  ends.push(async () => {
    const ended = once(machines, 'exit');
    machines.kill('SIGTERM');
    await ended;
  });
  order(machines, { kind: 'start', clusters });
  const [started] = (await once(machines, 'message')) as [Started];
  say(`storing ${clusters} clusters …`);
  const vault = createVault({ masterKey: Buffer.alloc(32, 1) });
  const ids: string[] = [];
  for (const [index, port] of started.ports.entries()) {
    const name = `watched-${index}`;
    const owner = `${PROJECT}/${name}`;
    const { privateKey } = started;
    const sealed = vault.seal(owner, JSON.stringify({ privateKey }));
    ids.push(await seed(store, { name, index, port, owner, sealed }));
  }
  const pool = createMachines({});
  ends.push(() => pool.close());
  const untouched = (): never => {
    throw new Error('nothing is sent');
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const watcher = startWatcher({
    ...{ store, vault, machines: pool, log },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
  });
  ends.push(() => watcher.stop());
  return { store, machines, ids, requests: () => proxy.requests, looks: () => watcher.looks() };
}

/** As a creation leaves it: a control plane and a worker. */
async function seed(
  store: Store,
  of: { name: string; index: number; port: number; owner: string; sealed: string },
): Promise<string> {
  const nodes = [1, 2].map((number): NodeSpec => ({
    ...{ hostname: `node-${number}`, operatingSystem: 'Debian12', arch: 'amd64' },
    privateIP: `10.${Math.floor(of.index / 250)}.${of.index % 250}.${number}`,
    roles: number === 1 ? ['ControlPlane'] : ['Worker'],
    ssh: { ipAddress: HOST, port: String(of.port), username: 'root' },
  }));
  const { record } = await store.clusters.apply({
    ...{ project: PROJECT, name: of.name, secretsHash: '' },
    desired: {
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'Cluster' },
      metadata: { name: of.name, project: PROJECT },
      spec: {
        ...{ type: 'mks', blueprint: { name: 'minimal' } },
        config: {
          kubernetesVersion: 'v1.34.4',
          network: {
            cni: { name: 'Calico', version: '3.28.5' },
            ...{ podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' },
          },
          nodes,
        },
      },
    },
  });
  const { id, generation, retries } = record;
  for (const spec of nodes) {
    await store.secrets.put(of.owner, nodeLoginName(spec.hostname), of.sealed);
    await store.nodes.upsert(id, spec.hostname, {
      spec,
      claimed: true,
      joined: true,
      status: 'READY',
    });
  }
  await store.clusters.setApplied(id, { initialised: true, created: true });
  await store.clusters.setConditions(id, fulfilledConditions([], new Date().toISOString()));
  await store.clusters.setObserved(id, { generation, retries, deleting: false });
  return id;
}

async function measure(
  bench: Bench,
  seconds: number,
): Promise<{ looks: number; cpuMs: number; requests: number }> {
  // The machines' own turns come with the first looks: a whole round without them is what is steady.
  await delay(LOOK_EVERY_MS);
  const before = { cpu: process.cpuUsage(), requests: bench.requests(), looks: bench.looks() };
  await delay(seconds * 1000);
  const { user, system } = process.cpuUsage(before.cpu);
  const looks = bench.looks() - before.looks;
  return {
    looks,
    cpuMs: (user + system) / 1000 / looks,
    requests: (bench.requests() - before.requests) / looks,
  };
}

/** Seconds until each of the clusters says it. */
async function deaths(
  { store, machines, ids }: Bench,
  kind: 'silentWorkers' | 'noPower',
  { from, node }: { from: number; node: string },
): Promise<number[]> {
  const of = Array.from({ length: DEATHS }, (_, index) => from + index);
  order(machines, { kind, of });
  const begun = performance.now();
  return Promise.all(
    of.map(async (index) => {
      const id = ids[index] ?? '';
      await until(`${kind}: NOT_READY`, 300, async () => {
        const found = await store.nodes.statuses(id);
        return found.some(({ hostname, status }) => hostname === node && status === 'NOT_READY');
      });
      return (performance.now() - begun) / 1000;
    }),
  );
}

async function until(what: string, seconds: number, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s: ${what}`);
    await delay(200);
  }
}

function order(machines: ChildProcess, what: MachineOrder): void {
  machines.send(what);
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

function readOptions(args: string[]): { clusters: number; seconds: number } {
  const { values } = parseArgs({
    args,
    options: { clusters: { type: 'string' }, seconds: { type: 'string' } },
  });
  const clusters = Number(values.clusters ?? '500');
  const seconds = Number(values.seconds ?? '60');
  if (!Number.isInteger(clusters) || clusters < 2 * DEATHS) {
    throw new Error(`--clusters must be a whole number, ${2 * DEATHS} or more`);
  }
  if (!Number.isInteger(seconds) || seconds < 1) {
    throw new Error('--seconds must be a whole number, 1 or more');
  }
  return { clusters, seconds };
}
