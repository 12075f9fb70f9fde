import type { NodeStatus } from './words.js';

/** A node as the API server lists it. */
export interface NodeObservation {
  hostname: string;
  /** Its condition Ready. */
  ready: 'True' | 'False' | 'Unknown';
  /** Why, in Kubernetes' words. */
  reason: string;
  message: string;
  /** RFC 3339; when its condition Ready last changed. */
  changedAt?: string;
  /** What its kubelet runs. */
  version: string;
  addresses: string[];
  /** Somebody keeps pods from being scheduled on it. */
  cordoned: boolean;
  /** Conditions that are bad when True, and are: `DiskPressure`, … */
  pressures: string[];
}

export interface EtcdMember {
  name: string;
  healthy: boolean;
  learner: boolean;
}

export interface CertificateObservation {
  /** `apiserver`, `etcd/server`, `admin.conf`, …; `apiserver (served)`: what is in use; `kubelet-client`. */
  name: string;
  /** RFC 3339; in 1970: it cannot be read. */
  expiresAt: string;
}

export interface DiskObservation {
  /** Where the file system is mounted. */
  path: string;
  usedPercent: number;
  freeMiB: number;
}

/** What a machine said of itself. */
export interface MachineObservation {
  /** RFC 3339. */
  observedAt: string;
  certificates: CertificateObservation[];
  /** The first of the certificates that a renewal renews; absent on workers. */
  certificatesExpireAt?: string;
  disks: DiskObservation[];
  /** What is not as it was set up, each in words. */
  drift: string[];
}

/** A control plane that nothing was seen through, and why. */
export interface LookFailure {
  hostname: string;
  /** `unreachable`: nobody answers there; `refused`: it does not let us in, or is not ours; `api`: it does, its API server does not. */
  kind: 'unreachable' | 'refused' | 'api';
  message: string;
}

/** One look at a cluster. */
export interface Look {
  /** RFC 3339, when it began. */
  at: string;
  /** The control plane that it was through; absent where no API server answered. */
  through?: string;
  nodes?: NodeObservation[];
  /** Absent where etcd did not tell on the machine. */
  etcd?: EtcdMember[];
  failures: LookFailure[];
}

/** What is kept of a node from the last looks. */
export interface NodeHealth {
  hostname: string;
  node?: NodeObservation;
  machine?: MachineObservation;
}

/** What is kept of a cluster from the last look. */
export interface ClusterHealth {
  clusterId: string;
  /** Goes up with each look that is recorded. */
  sequence: number;
  /** RFC 3339: of the last look; of the last one that an API server answered. */
  lookedAt: string;
  seenAt?: string;
  through?: string;
  failures: LookFailure[];
  etcd?: EtcdMember[];
}

/** A node of a cluster as its watcher has to know it. */
export interface WatchedNode {
  hostname: string;
  status: NodeStatus;
  joined: boolean;
  leaving: boolean;
  privateIP: string;
}

/** Between two looks at a cluster that is well; milliseconds. A machine that dies is told within two minutes. */
export const LOOK_EVERY_MS = 30_000;
const SOON_MS = 10_000;
const LATER_MS = 60_000;
/** About ten minutes of silence. */
const LONG_SILENCE = 20;

/** When to look again: soon where something is to be confirmed, seldom where nobody has answered for long. */
export function nextLookInMs(of: { failures: number; suspects: readonly string[] }): number {
  const confirmed = of.failures > 1;
  if (of.failures > LONG_SILENCE) return LATER_MS;
  if (of.suspects.length > 0 && !confirmed) return SOON_MS;
  return LOOK_EVERY_MS;
}
