import type { Lease, LeaseStore } from '../store/watchTypes.js';

export interface ShardKeeperOptions {
  leases: LeaseStore;
  /** Nothing is written any more by who had the shard before. */
  fence(shard: number, generation: number): Promise<void>;
  /** Of this process and this start alone. */
  owner: string;
  /** After this long without a beat a watcher counts as dead. */
  leaseMs: number;
  /** Milliseconds of a clock that only goes forward. For tests. */
  now?: () => number;
}

/** A dead watcher's beat is kept this many leases, for those that began later to see that it stands still. */
const FORGET_LEASES = 10;

/**
 * The shards that this process watches. All processes that live share them evenly: who has more than its part gives some
 * back, who has less takes what is nobody's or a dead one's.
 */
export class ShardKeeper {
  readonly #options: Required<ShardKeeperOptions>;
  /** When each watcher's beat was seen to be another one than before. */
  readonly #seen = new Map<string, { beat: number; at: number }>();
  #held = new Map<number, number>();
  /** Until then nobody else may count this one as dead. */
  #validUntil = -Infinity;

  constructor(options: ShardKeeperOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Shards and the generations of their leases; none once the own beat is too old to be sure of them. */
  held(): ReadonlyMap<number, number> {
    return this.#options.now() < this.#validUntil ? this.#held : new Map<number, number>();
  }

  /** Says that this one lives, and sees to the shards. To be called several times within a lease. */
  async tick(): Promise<void> {
    const { leases, owner, leaseMs, now } = this.#options;
    const begun = now();
    await leases.beat(owner);
    this.#validUntil = begun + leaseMs;
    // In this order: who takes a shard has beaten before.
    const all = await leases.leases();
    const dead = this.#look(await leases.beats());
    const known = new Set(this.#seen.keys());
    const isDead = (of: string): boolean => !known.has(of) || dead.has(of);
    const alive = [...known].filter((of) => !dead.has(of)).length;
    const part = Math.ceil(all.length / Math.max(alive, 1));
    const mine = all.filter((lease) => lease.owner === owner);
    const unsure = this.#keep(mine);
    for (const { shard, generation } of mine.slice(part)) {
      this.#held.delete(shard);
      await leases.release({ shard, owner, generation });
    }
    const free = all.filter(({ owner: of }) => of === undefined || (of !== owner && isDead(of)));
    const most = Math.max(part - mine.length, 0);
    await this.#take([
      ...unsure.filter((lease) => mine.indexOf(lease) < part),
      ...shuffled(free).slice(0, most),
    ]);
  }

  /** Gives everything back: the others need not wait. */
  async stop(): Promise<void> {
    const { leases, owner } = this.#options;
    const held = [...this.#held];
    this.#held = new Map();
    await Promise.all(
      held.map(([shard, generation]) => leases.release({ shard, owner, generation })),
    );
    await leases.forget(owner);
  }

  /** Whose beats have stood still for a lease. */
  #look(beats: ReadonlyMap<string, number>): ReadonlySet<string> {
    const { leases, leaseMs, now } = this.#options;
    const at = now();
    const dead = new Set<string>();
    for (const of of this.#seen.keys()) if (!beats.has(of)) this.#seen.delete(of);
    for (const [of, beat] of beats) {
      const before = this.#seen.get(of);
      if (before?.beat !== beat) this.#seen.set(of, { beat, at });
      else if (at - before.at >= leaseMs) dead.add(of);
      if (before !== undefined && at - before.at >= FORGET_LEASES * leaseMs && dead.has(of)) {
        void leases.forget(of).catch(() => undefined);
      }
    }
    return dead;
  }

  /** What the database says is ours; gives those of which the fence may not have been set, to be taken anew. */
  #keep(mine: readonly Lease[]): Lease[] {
    const isSure = ({ shard, generation }: Lease): boolean => this.#held.get(shard) === generation;
    this.#held = new Map(mine.filter(isSure).map(({ shard, generation }) => [shard, generation]));
    return mine.filter((lease) => !isSure(lease));
  }

  async #take(wanted: readonly Lease[]): Promise<void> {
    const { leases, fence, owner } = this.#options;
    const taken = await Promise.allSettled(
      wanted.map(async (lease) => {
        const generation = await leases.take(lease, owner);
        // Somebody else was first.
        if (generation === undefined) return;
        await fence(lease.shard, generation);
        this.#held.set(lease.shard, generation);
      }),
    );
    for (const each of taken) if (each.status === 'rejected') throw each.reason;
  }
}

/** Two that begin together do not go for the same ones. */
function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
