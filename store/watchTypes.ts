import type {
  ClusterHealth,
  Look,
  MachineObservation,
  NodeHealth,
  WatchedNode,
} from '../core/health.js';
import type { Judgement } from '../core/judgeHealth.js';
import type { ClusterSpec, Condition } from '../core/cluster.js';
import type { NodeRecord } from '../core/records.js';

/** One shard of what is watched, and who watches it; no owner: nobody. */
export interface Lease {
  shard: number;
  owner?: string;
  /** Another one with every owner: what an earlier one writes late is told by it. */
  generation: number;
}

/**
 * Who watches which shard. Nobody's clock is trusted: an owner counts as dead when whoever looks has seen its beat stand
 * still for the time of a lease, by its own clock.
 */
export interface LeaseStore {
  /** Says that `owner` lives: its beat goes up. */
  beat(owner: string): Promise<void>;
  /** The beats of all that ever said so and were not forgotten. */
  beats(): Promise<ReadonlyMap<string, number>>;
  /** It has ended, or was seen dead. */
  forget(owner: string): Promise<void>;
  /** All shards, in order. */
  leases(): Promise<Lease[]>;
  /** The lease becomes `owner`'s, unless it is not as `seen` any more; its new generation, or undefined. */
  take(seen: Lease, owner: string): Promise<number | undefined>;
  /** Gives it back, if it is still this one's. */
  release(held: { shard: number; owner: string; generation: number }): Promise<void>;
}

/** A cluster whose next look is due. */
export interface DueCluster {
  clusterId: string;
  shard: number;
  /** Of the last look that was recorded; 0: there was none. */
  sequence: number;
  /** Looks in a row that no API server answered. */
  failures: number;
  suspects: string[];
  /** RFC 3339; from then on there are machines to be asked themselves. Empty: now. */
  machinesDueAt: string;
  /** The control plane that an API server answered through last. */
  through?: string;
}

/** A cluster as its watcher has to know it for one look. */
export interface WatchSubject {
  id: string;
  project: string;
  name: string;
  deleting: boolean;
  /** There is an API server. */
  initialised: boolean;
  /** What it runs. */
  kubernetesVersion?: string;
  spec: ClusterSpec;
  conditions: Condition[];
  /** An operation is under way: the status is its. */
  busy: boolean;
  /** Another one whenever something was asked for or done since. */
  version: string;
  nodes: WatchedRecord[];
}

export type WatchedRecord = WatchedNode & Pick<NodeRecord, 'spec' | 'steps' | 'modifiedAt'>;

/** Who records a look, and after which one. */
export interface LookOrder {
  clusterId: string;
  leaseGeneration: number;
  /** The sequence that the look before had. */
  after: number;
}

/** One look as it is kept. */
export interface RecordedLook {
  look: Look;
  failures: number;
  suspects: string[];
  /** RFC 3339. */
  nextLookAt: string;
  machinesDueAt: string;
  /** Machines that were asked themselves, and what those said that have answered. */
  machines: { hostname: string; machine?: MachineObservation }[];
  /** All nodes that there may be something of; what is kept of others goes. */
  hostnames: readonly string[];
}

export interface HealthStore {
  /** Clusters that have an API server and are not watched yet are from now on: how many there were. */
  adopt(limit: number): Promise<number>;
  /** From here on nothing is written to clusters of the shard by owners before this generation. */
  fence(shard: number, generation: number): Promise<void>;
  /** Clusters of these shards that are to be looked at by now, those that wait longest first. */
  due(shards: readonly number[], now: Date, limit: number): Promise<DueCluster[]>;
  /** Undefined: the cluster is gone. */
  subject(clusterId: string): Promise<WatchSubject | undefined>;
  /**
   * Keeps a look, unless one was recorded since `after`, or the shard has a later owner: then undefined and nothing is
   * changed. Otherwise the look's own sequence.
   */
  record(order: LookOrder, recorded: RecordedLook): Promise<number | undefined>;
  /** There is nothing to look at now. */
  postpone(order: LookOrder, nextLookAt: string): Promise<void>;
  /**
   * Makes a judgement the cluster's status: nodes that are READY or NOT_READY, and ClusterReady where it is True or was
   * made something else by a judgement. Dropped where a later look has judged, something was asked for since the
   * subject was read, or an operation is under way. True when something has changed.
   */
  judge(
    of: { subject: WatchSubject; sequence: number },
    judgement: Pick<Judgement, 'nodes' | 'ready'>,
  ): Promise<boolean>;
  /** Of these nodes, when each machine was asked itself; those that never were are left out. */
  machinesAskedAt(clusterId: string): Promise<ReadonlyMap<string, string>>;
  get(clusterId: string): Promise<ClusterHealth | undefined>;
  /** By hostname. */
  nodes(clusterId: string): Promise<NodeHealth[]>;
  /** Look again now, and at each machine itself: something was done to them. */
  refresh(clusterId: string): Promise<void>;
  /**
   * Nodes of which a certificate that a renewal renews ends before then, those that end first first. As the machines
   * said when they were last asked: half an hour ago at most, unless they do not answer.
   */
  certificatesDue(
    before: Date,
    limit?: number,
  ): Promise<{ clusterId: string; hostname: string; certificatesExpireAt: string }[]>;
}
