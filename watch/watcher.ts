import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { ActivityDeps } from '../activities/deps.js';
import type { DueCluster } from '../store/watchTypes.js';
import { ShardKeeper } from './shardKeeper.js';
import { watchCluster } from './watchCluster.js';

export interface WatcherOptions {
  /** Looks at once in this process: each is a connection and a waiting command. Default 100. */
  looksAtOnce?: number;
  /** A watcher that says nothing for this long is dead. Default 15 s; its shards go on within a third more. */
  leaseMs?: number;
  /** How often it asks what is due. Default 1 s. */
  pollMs?: number;
  /** How long a control plane may be silent before the others are asked, too. Default 5 s. */
  hedgeMs?: number;
}

export interface Watcher {
  /** Shards that it watches now. */
  shards(): number;
  /** How many looks it has recorded. */
  looks(): number;
  /** Its shards are free at once; looks that are under way get a moment to end. */
  stop(): Promise<void>;
}

const BEATS_PER_LEASE = 3;
/** Clusters that have got their API server are watched within this. */
const ADOPT_MS = 10_000;
const ADOPT_AT_ONCE = 1_000;
/** Of a cluster whose look has failed by our own fault, so that it is not asked for again and again. */
const REST_MS = 10_000;
/** What has not ended within it loses its connections. */
const STOP_MS = 3_000;

/**
 * Looks at the clusters of its shards, each in its turn, for as long as the process lives. Any number of processes may do
 * so: a shard has one watcher at a time (watch/shardKeeper.ts), and no workflow is started for it.
 */
export function startWatcher(deps: ActivityDeps, options: WatcherOptions = {}): Watcher {
  const { looksAtOnce = 100, leaseMs = 15_000, pollMs = 1_000, hedgeMs = 5_000 } = options;
  const { store, log } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const keeper = new ShardKeeper({
    ...{ leases: store.leases, owner: randomUUID(), leaseMs },
    fence: (shard, generation) => store.health.fence(shard, generation),
  });
  const underWay = new Map<string, Promise<void>>();
  const resting = new Map<string, number>();
  let looks = 0;

  const look = async (due: DueCluster, generation: number): Promise<void> => {
    const { clusterId } = due;
    try {
      const watched = await watchCluster(deps, due, { leaseGeneration: generation, hedgeMs });
      if (watched === 'recorded') looks += 1;
      if (watched === 'left') resting.set(clusterId, Date.now() + REST_MS);
    } catch (error) {
      resting.set(clusterId, Date.now() + REST_MS);
      log.warn({ clusterId, error: String(error) }, 'watch: look not finished');
    } finally {
      underWay.delete(clusterId);
    }
  };

  /** True when there may be more that is due. */
  const lookAtDue = async (): Promise<boolean> => {
    const held = keeper.held();
    const room = looksAtOnce - underWay.size;
    if (held.size === 0 || room <= 0) return room <= 0;
    for (const [id, until] of resting) if (until <= Date.now()) resting.delete(id);
    const most = looksAtOnce + resting.size;
    const due = await store.health.due([...held.keys()], new Date(), most);
    const wanted = due.filter(
      ({ clusterId }) => !underWay.has(clusterId) && !resting.has(clusterId),
    );
    for (const each of wanted.slice(0, room)) {
      const generation = held.get(each.shard);
      if (generation !== undefined) underWay.set(each.clusterId, look(each, generation));
    }
    return wanted.length >= room;
  };

  const rounds = repeat(signal, async () => {
    const more = await lookAtDue();
    // With all hands busy the next round begins when one is free.
    if (more) await Promise.race([...underWay.values(), pause(pollMs, signal)]);
    else await pause(pollMs, signal);
  });
  const beats = repeat(signal, async () => {
    const before = keeper.held().size;
    await keeper.tick();
    const { size } = keeper.held();
    if (size !== before) log.info({ shards: size }, 'watch: shards of this process');
    await pause(leaseMs / BEATS_PER_LEASE, signal);
  });
  const adoptions = repeat(signal, async () => {
    // One for all.
    if (keeper.held().has(0)) await store.health.adopt(ADOPT_AT_ONCE);
    await pause(Math.min(ADOPT_MS, 10 * pollMs), signal);
  });

  /** Goes on whatever happens: the database may be away for a while. */
  async function repeat(until: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!until.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn({ error: String(error) }, 'watch: round not finished');
        await pause(pollMs, until);
      }
    }
  }

  const end = async (): Promise<void> => {
    await Promise.all([rounds, beats, adoptions]);
    // Where the database is away, the others see by themselves that nobody beats any more.
    await keeper.stop().catch(() => undefined);
    await Promise.all(underWay.values());
  };

  return {
    shards: () => keeper.held().size,
    looks: () => looks,
    async stop() {
      stopping.abort();
      const ended = new AbortController();
      await Promise.race([end(), pause(STOP_MS, ended.signal)]);
      ended.abort();
    },
  };
}

/** At once where the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
