import type { BuiltInBlueprint, DriftPolicy } from './blueprints.js';
import type { AskedOperation } from './askedOperations.js';
import type { CertificateExpiry } from './certificates.js';
import type { Cluster, ClusterSpec, CommonStatus, Condition, NodeSpec } from './cluster.js';
import type { StepFailure } from './errors.js';
import type { KubeletSettings } from './kubeletSettings.js';
import type { OperationPlan } from './plan.js';
import type { RequestOrigin } from './requestOrigin.js';
import type { StepName } from './steps.js';
import type {
  NodeStatus,
  OperationName,
  OperationStatus,
  ProvisionStatus,
  TasksetStatus,
} from './words.js';

/** What the store keeps of a cluster. Secrets are not in it: they lie in the vault under the cluster's id. */
export interface ClusterRecord {
  /** 7 characters of a-z0-9; names one life of a cluster: deleted and made again, it gets a new one. */
  id: string;
  project: string;
  name: string;
  /** Goes up with every change of the desired spec. */
  generation: number;
  /** As the client gave it, write-only fields and status left out. */
  desired: Pick<Cluster, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;
  /** Keyed hash of the write-only fields, so that a changed passphrase is a change. */
  secretsHash: string;
  createdAt: string;
  modifiedAt: string;
  /** Set by delete; the record goes when the deletion is complete. */
  deleting: boolean;
  /** Asked for by `retry`: goes up with each call, so that the workflow knows it has something to do. */
  retries: number;
  /** The last apply or deletion said so: machines that do not answer are taken out without being cleaned. */
  force?: boolean;
  /** How many times a sync of the blueprint was asked for. */
  syncs?: number;
  /** What the last look at what is live has found. */
  drift?: DriftRecord;
  /** What the workflow last acted on: generation and retries it has finished with. */
  observed: { generation: number; retries: number; deleting: boolean };
  /** The last request that asked for something of the spec which is not acted upon yet; none: no request did, or all is. */
  submittedBy?: RequestOrigin;
  conditions: Condition[];
  provisionStatus: ProvisionStatus;
  commonStatus: CommonStatus;
  /** Operations asked for beside the spec, and not done yet. */
  asked?: AskedOperation[];
  /** The taskset that was begun last. Left out where none was, or none since an older plinth. */
  newestTaskset?: { id: string; sequence: number };
  applied: AppliedCluster;
}

/** Where what is live differs from what the blueprint holds. */
export interface DriftRecord {
  checkedAt: string;
  blueprint: { name: string; version?: string };
  policy: DriftPolicy;
  /** `deployment.apps web/site`, the first of them. */
  objects: string[];
  /** How many there are. */
  count: number;
}

/** What is known to be on the machines, recorded as it happens. */
export interface AppliedCluster {
  /** The API server of this cluster was initialised. */
  initialised: boolean;
  /** All of the creation was done once. */
  created: boolean;
  kubernetesVersion?: string;
  /**
   * The version that an upgrade of a control plane has begun to bring: there is no way back to an older one, however it went.
   * null: a restore has taken the data back.
   */
  upgradeBegun?: string | null;
  /**
   * The network as it has been given to the cluster: Calico's version, and its manifest's sum once all of it was applied.
   * `begun`: it is not known to run everywhere.
   */
  network?: { version: string; sha256?: string; begun?: boolean };
  caCertHash?: string;
  /** What kubeadm's ConfigMap gives to kubelets: core/kubeletSettings.ts. */
  kubelet?: string;
  /** The spec of the last taskset that completed. */
  spec?: ClusterSpec;
  /** Blueprint that was last synced whole, in the version that it was. */
  blueprint?: { name: string; version?: string; base?: BuiltInBlueprint };
  /** node-metadata has begun for a spec with others than those of `spec`, and that spec is not applied yet. */
  metadataBegun?: boolean;
  /** A sync of the blueprint has begun, and none has ended well since. */
  blueprintBegun?: boolean;
  /** Where the workloads of the blueprint and of the network go: core/blueprintChange.ts. */
  placement?: string;
  /** The last sync that was asked for and has ended well. */
  sync?: number;
  /** Why the last taskset that was to apply a spec did not; empty or absent: it did. */
  failure?: string;
  /** A restore that has begun and not ended well: there is no way back but through a restore. */
  restoring?: Restoring | null;
}

/** Of a restore, as it was asked for. */
export interface Restoring {
  id: string;
  args: Record<string, string>;
  /** The control plane that gets the data; absent, and `turn`: an older plinth has begun it. */
  leader?: string;
  /** The taskset in which that one became it: what machines have done for another one counts for nothing. */
  turn?: string;
}

/** One document per node: also of nodes that the spec no longer holds until they are clean. */
export interface NodeRecord {
  clusterId: string;
  hostname: string;
  /** The node as it was last acted upon. */
  spec: NodeSpec;
  status: NodeStatus;
  /** The machine was claimed by us: something may be on it. */
  claimed: boolean;
  /** It joined the cluster (or initialised it). */
  joined: boolean;
  /** It has begun to leave: drained, perhaps no etcd member or no node any more. There is no way back but wholly out. */
  leaving?: boolean;
  /** A drain of ours has begun, and no uncordon has ended since. */
  cordoned?: boolean;
  /** It was taken out while its machine did not answer: since when, and why, in words. */
  orphaned?: { since: string; reason: string };
  /** What its kubelet runs, as the API server said last. */
  kubernetesVersion?: string;
  /** What its kubelet was given of the spec. */
  kubelet?: KubeletSettings;
  /** The built-in blueprint whose images its machine was given last. */
  parts?: BuiltInBlueprint;
  /** What its endpoint forwards to: core/apiEndpoint.ts. */
  endpoint?: string;
  /** Of a control plane: when the certificates that kubeadm made there end. */
  certificates?: CertificateExpiry;
  /** Facts as gathered last (machine/facts). */
  facts?: unknown;
  /** Steps of the latest operation by name. */
  steps: Partial<Record<StepName, NodeStepRecord>>;
  lastError?: StepFailure & { message: string };
  modifiedAt: string;
}

export interface NodeStepRecord {
  state: 'pending' | 'running' | 'done' | 'skipped' | 'failed';
  tasksetId: string;
  operation: OperationName;
  /** Its place in the taskset, which may hold two of one name. */
  operationIndex?: number;
  attempt: number;
  /** This attempt has ended, and its result stands on the machine: whatever comes next is a run of its own. */
  spent?: boolean;
  /** Milliseconds since the epoch: the worker's clock around the step, the machine's own unit times within. */
  startedAt?: number;
  endedAt?: number;
  unitStartedAt?: number;
  unitEndedAt?: number;
  failure?: StepFailure & { message: string };
}

export interface TasksetRecord {
  /** 7 characters of a-z0-9. */
  id: string;
  clusterId: string;
  /** 1, 2, 3 … within the cluster: newest is the highest. */
  sequence: number;
  generation: number;
  /** The cluster's number of retries when it began: what was asked for later is another taskset's. */
  retries?: number;
  status: TasksetStatus;
  comments: string;
  operations: TasksetOperationRecord[];
  /** The request that it goes back to; empty: none did, it was the clock or a rollout. Left out by an older plinth. */
  by?: RequestOrigin;
  /** What was planned, whole: an interrupted taskset goes on by it. Same order as `operations`. */
  plan: OperationPlan[];
  createdAt: string;
  endedAt?: string;
}

/** A taskset without what was planned, which grows with the cluster. */
export type TasksetHead = Omit<TasksetRecord, 'plan'>;

export interface TasksetOperationRecord {
  name: OperationName;
  resourceName: string;
  status: OperationStatus;
  /** What it does, in order: nodes by name, and the steps of each. */
  nodes: string[];
  workflowId: string;
  errorSummary?: string;
  startedAt?: string;
  endedAt?: string;
}

/** A chunk of a step's output. */
export interface StepLogChunk {
  clusterId: string;
  tasksetId: string;
  operation: OperationName;
  node: string;
  step: StepName;
  /** The other node that it was done for, through this one. */
  subject?: string;
  attempt: number;
  /** Byte offset in the run's output after these lines: orders chunks and makes writes idempotent. */
  offset: number;
  lines: string[];
  at: string;
}
