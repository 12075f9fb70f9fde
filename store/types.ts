import type {
  BlueprintRecord,
  BlueprintRef,
  BlueprintVersion,
  ResolvedBlueprint,
} from '../core/blueprints.js';
import type { AskedEnd, AskedOperation } from '../core/askedOperations.js';
import type { CertificateExpiry } from '../core/certificates.js';
import type { Cluster, ClusterSpec, Condition } from '../core/cluster.js';
import type {
  AppliedCluster,
  ClusterRecord,
  DriftRecord,
  NodeRecord,
  NodeStepRecord,
  StepLogChunk,
  TasksetOperationRecord,
  TasksetRecord,
} from '../core/records.js';
import type { LabelRequirement } from '../core/labels.js';
import type { Registration } from '../core/registration.js';
import type { Rollout } from '../core/rollout.js';
import type { StepName } from '../core/steps.js';
import type { UpkeepKey } from '../core/upkeep.js';
import type { WebhookEventType } from '../core/webhooks.js';
import type {
  CommonConditionStatus,
  NodeStatus,
  OperationName,
  ProvisionStatus,
  TasksetStatus,
} from '../core/words.js';
import type { HealthStore, LeaseStore } from './watchTypes.js';

/**
 * Everything plinth remembers. All writes are idempotent (activities retry) and ordered: a write of an
 * earlier life, generation or taskset sequence never moves a later one back.
 */
export interface Store {
  clusters: ClusterStore;
  nodes: NodeStore;
  tasksets: TasksetStore;
  logs: LogStore;
  projects: ProjectStore;
  apiKeys: ApiKeyStore;
  sessions: SessionStore;
  secrets: SecretStore;
  credentials: CredentialStore;
  blueprints: BlueprintStore;
  hostKeys: HostKeyStore;
  registrations: RegistrationStore;
  installTokens: InstallTokenStore;
  snapshots: SnapshotStore;
  certificates: CertificateStore;
  drift: DriftStore;
  leases: LeaseStore;
  health: HealthStore;
  audit: AuditStore;
  idempotency: IdempotencyStore;
  counts: CountStore;
  webhooks: WebhookStore;
  /** Fails unless the database answers within 2 s. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Which part of a list. `after` is the key of the last item of the page before: what comes between does not shift it. */
export interface Page<Key = never> {
  limit: number;
  /** How many to leave out; default 0. */
  offset?: number;
  after?: Key;
}

/** A part of a list. */
export interface Slice<T> {
  items: T[];
  /** Of all that the filter holds for, on whatever page. */
  count: number;
  /** There is a next page. */
  more: boolean;
}

export type NameFilter = { exact: string } | { prefix: string };

/** What must be true for a change to be made; otherwise Conflict. */
export interface Precondition {
  /** It is at one of these resource versions; `*`: it is there. */
  match?: readonly string[];
  /** It is not there. */
  absent?: boolean;
}

/** What lists show of a cluster: nothing in it changes without a new `listRevision`. Not to be changed. */
export interface ListedCluster extends Pick<
  ClusterRecord,
  'id' | 'name' | 'generation' | 'deleting' | 'modifiedAt'
> {
  /** JSON of `ClusterRecord.desired`. */
  desired: string;
}

/** A cluster without what is desired and without the spec that was applied. */
export type ClusterHead = Omit<ClusterRecord, 'desired' | 'applied'> & {
  applied: Omit<AppliedCluster, 'spec'>;
};

export interface ClusterStore {
  /**
   * In one atomic write: a new cluster, or a new generation of the one of that name, and commonStatus = submitted (1).
   * Same content (deep-equal desired without modifiedAt, node order ignored, same secretsHash): no new generation,
   * but a failed cluster counts one more retry and is submitted again; a READY one stays as it is (`changed: false`).
   * A cluster that is being deleted: Conflict.
   */
  apply(input: {
    project: string;
    name: string;
    desired: Pick<Cluster, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;
    secretsHash: string;
    precondition?: Precondition;
    /** Machines that do not answer are taken out; said anew where there is work left, it is a retry. */
    force?: boolean;
  }): Promise<{ record: ClusterRecord; created: boolean; changed: boolean }>;
  get(project: string, name: string): Promise<ClusterRecord | undefined>;
  /** A cluster of another project that is shared with this one; of several, that of the first project by name. */
  getShared(project: string, name: string): Promise<ClusterRecord | undefined>;
  getById(id: string): Promise<ClusterRecord | undefined>;
  /** Without its specs, which are most of it. */
  head(id: string): Promise<ClusterHead | undefined>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & {
      name?: NameFilter;
      /** One of these. */
      status?: readonly ProvisionStatus[];
      /** Whose `commonStatus` is one of these. */
      common?: readonly CommonConditionStatus[];
      deleting?: boolean;
      labels?: readonly LabelRequirement[];
      /** Instead of its own: those that other projects share with it. */
      shared?: boolean;
    },
  ): Promise<Slice<ClusterRecord>>;
  /** The same of what lists show. While a cluster is as it was, the same object may stand for it. */
  listed(project: string, page: Parameters<ClusterStore['list']>[1]): Promise<Slice<ListedCluster>>;
  /**
   * Another one after every change of a cluster's spec or deletion that was answered, by whichever process; the same
   * while what a list shows of the project's own clusters, but for their status, is the same.
   */
  listRevision(project: string): Promise<number>;
  /**
   * Sets `deleting` and commonStatus submitted; a deletion that failed counts one more retry. Undefined when
   * there is no such cluster.
   */
  markDeleting(
    project: string,
    name: string,
    precondition?: Precondition,
    force?: boolean,
  ): Promise<ClusterRecord | undefined>;
  /** One more retry, commonStatus submitted; operations that were asked for and failed are asked for again. */
  requestRetry(project: string, name: string): Promise<ClusterRecord | undefined>;
  /** The same, for a reason of its own; `sync`: the blueprint is applied anew even where nothing has changed. */
  requestWork(
    project: string,
    name: string,
    ask: { reason: string; sync?: boolean },
  ): Promise<ClusterRecord | undefined>;
  setDrift(clusterId: string, drift: DriftRecord): Promise<void>;
  /**
   * Asks for an operation beside the spec (core/askedOperations.ts): in one atomic write it is queued, there is one more
   * retry and commonStatus is submitted. `fresh: false`: the same id was asked for before, or the same waits already,
   * and nothing is changed. A cluster that is being deleted, or whose queue is full: Conflict. Undefined when there is
   * no such cluster.
   */
  ask(
    project: string,
    name: string,
    operation: Pick<AskedOperation, 'id' | 'kind' | 'args'>,
  ): Promise<{ record: ClusterRecord; asked: AskedOperation; fresh: boolean } | undefined>;
  /**
   * Created clusters whose etcd is to be snapshotted by now (core/snapshotPolicy.ts), those that have waited longest
   * first; `next` is the key of the page after.
   */
  snapshotsDue(
    now: Date,
    page: { limit: number; after?: SnapshotDueKey },
  ): Promise<{ items: ClusterDue[]; next?: SnapshotDueKey }>;
  /** One was taken then: the next is due by the cluster's policy. */
  noteSnapshot(clusterId: string, takenAt: string): Promise<void>;
  /** A taskset has begun with these. */
  takeAsked(clusterId: string, taken: { ids: readonly string[]; tasksetId: string }): Promise<void>;
  /** It has ended. May be repeated: only what it had taken is touched. */
  endAsked(clusterId: string, end: AskedEnd): Promise<void>;
  /** Removes the cluster and everything under its id (nodes, tasksets, logs, secrets, host keys). */
  remove(clusterId: string): Promise<void>;
  setConditions(clusterId: string, conditions: Condition[]): Promise<void>;
  /**
   * All conditions True, though nothing was done to the machines: ClusterReady stays what a judgement has made of it
   * (HealthStore). True when ClusterReady has become True by it: nobody has looked since.
   */
  settleConditions(clusterId: string): Promise<boolean>;
  setProvisionStatus(clusterId: string, status: ProvisionStatus): Promise<void>;
  /**
   * `sequence` is the taskset's: a lower one than the last written is dropped, and so is what a taskset says of
   * a generation, a number of retries or a deletion that a later request has gone beyond.
   */
  setCommonStatus(
    clusterId: string,
    value: {
      conditionStatus: 1 | 2 | 3;
      reason: string;
      sequence: number;
      generation: number;
      retries?: number;
      deleting?: boolean;
    },
  ): Promise<void>;
  setApplied(clusterId: string, applied: Partial<AppliedCluster>): Promise<void>;
  setObserved(
    clusterId: string,
    observed: { generation: number; retries: number; deleting: boolean },
  ): Promise<void>;
  /** Clusters whose desired state was not yet acted upon (generation, retries or deleting ahead of observed), oldest first. */
  unobserved(limit: number): Promise<ClusterRecord[]>;
  /**
   * Machines that other clusters of any project hold: nodes of their desired spec, and claimed nodes that
   * are not clean yet. Endpoints as core/sshEndpoint.ts builds them.
   */
  findByAddress(
    endpoints: readonly string[],
    except: { project: string; name: string },
  ): Promise<{ project: string; name: string; hostname: string; endpoint: string }[]>;
  /** All clusters that a workflow may have to exist for (for reconcilers). */
  forEachActive(visit: (record: ClusterRecord) => Promise<void>): Promise<void>;
}

export interface SnapshotDueKey {
  dueAt: string;
  id: string;
}

export interface ClusterDue {
  id: string;
  project: string;
  name: string;
  /** RFC 3339; the epoch where the first is to be taken at once. */
  dueAt: string;
}

/** Who is told of a project's tasksets. Its secret lies among the secrets. */
export interface WebhookRecord {
  project: string;
  name: string;
  url: string;
  events: WebhookEventType[];
  description?: string;
  createdAt: string;
  modifiedAt: string;
}

/** What became of telling one webhook of one taskset. */
export interface WebhookDelivery {
  taskset: string;
  cluster: string;
  event: WebhookEventType;
  eventAt: string;
  /** `failed`: there will be no other attempt. */
  state: 'delivered' | 'retrying' | 'failed';
  attempts: number;
  attemptedAt: string;
  /** Status of the last answer, where there was one. */
  answer?: number;
  problem?: string;
}

export interface WebhookStore {
  /** Makes it or replaces it. */
  put(record: Omit<WebhookRecord, 'createdAt' | 'modifiedAt'>): Promise<WebhookRecord>;
  get(project: string, name: string): Promise<WebhookRecord | undefined>;
  /** By name. */
  list(project: string, page: Page<string> & { name?: NameFilter }): Promise<Slice<WebhookRecord>>;
  /** Whether there was one. */
  remove(project: string, name: string): Promise<boolean>;
  /** Names of those that are told events of this type. */
  listening(project: string, event: WebhookEventType): Promise<string[]>;
  /** Never moves a delivered one back, nor one that failed to `retrying`. */
  noteDelivery(project: string, name: string, delivery: WebhookDelivery): Promise<void>;
  /** The newest ten. */
  deliveries(project: string, name: string): Promise<WebhookDelivery[]>;
}

/** How many there are, over all projects: for metrics. */
export interface CountStore {
  /** By `provisionStatus` and the outcome of what was applied last. */
  clusters(): Promise<{ status: ProvisionStatus; applied: CommonConditionStatus; count: number }[]>;
  nodes(): Promise<{ status: NodeStatus; count: number }[]>;
  /** Control planes of which it was not read since then when their certificates end. */
  unreadCertificates(since: Date): Promise<number>;
}

export interface NodeStore {
  /** By hostname: all, or those of these names. */
  list(clusterId: string, hostnames?: readonly string[]): Promise<NodeRecord[]>;
  /** Those whose spec says so, by hostname. */
  controlPlanes(clusterId: string): Promise<NodeRecord[]>;
  /** Without facts and steps: what the status endpoint reads again and again. */
  statuses(clusterId: string): Promise<Pick<NodeRecord, 'hostname' | 'status'>[]>;
  /** The steps alone, by hostname: what progress is told from. */
  steps(clusterId: string): Promise<Pick<NodeRecord, 'hostname' | 'steps'>[]>;
  get(clusterId: string, hostname: string): Promise<NodeRecord | undefined>;
  /**
   * Makes the node only when `spec` is given, so that a late write does not bring back one that was removed;
   * status READY without a lastError clears the last error.
   */
  upsert(
    clusterId: string,
    hostname: string,
    set: Partial<Omit<NodeRecord, 'clusterId' | 'hostname' | 'steps'>>,
  ): Promise<void>;
  setStatus(clusterId: string, hostname: string, status: NodeStatus): Promise<void>;
  /** Dropped when a later taskset, or a later attempt of the same, has written this step. */
  setStep(
    clusterId: string,
    hostname: string,
    step: StepName,
    record: NodeStepRecord,
  ): Promise<void>;
  remove(clusterId: string, hostname: string): Promise<void>;
  /** Only while it is orphaned: whether it was. */
  removeOrphan(clusterId: string, hostname: string): Promise<boolean>;
}

export interface TasksetStore {
  /** Idempotent by id; gives it the next sequence. */
  begin(
    taskset: Omit<TasksetRecord, 'sequence' | 'createdAt'> & { spec?: ClusterSpec },
  ): Promise<TasksetRecord>;
  /**
   * The spec that the taskset applies, as it was when it began: a later change is a taskset of its own. Shared by all who
   * ask for it, and frozen.
   */
  spec(tasksetId: string): Promise<ClusterSpec | undefined>;
  /** Forwards only: a success stays one, and an ended taskset is not reopened. */
  setOperation(
    tasksetId: string,
    index: number,
    set: Partial<TasksetOperationRecord>,
  ): Promise<void>;
  /** The first end stands. */
  end(tasksetId: string, status: TasksetStatus, comments: string): Promise<void>;
  get(clusterId: string, tasksetId: string): Promise<TasksetRecord | undefined>;
  /** Or is no more. */
  hasEnded(clusterId: string, tasksetId: string): Promise<boolean>;
  /** Newest first. */
  latest(clusterId: string, limit: number): Promise<TasksetRecord[]>;
  /** Newest first; the key is the sequence. */
  list(
    clusterId: string,
    page: Page<number> & {
      status?: readonly TasksetStatus[];
      /** With an operation of this name. */
      operation?: OperationName;
    },
  ): Promise<Slice<TasksetRecord>>;
}

export interface LogFilter {
  clusterId: string;
  tasksetId: string;
  node?: string;
  step?: StepName;
  attempt?: number;
}

/** How long output is kept, and how much of it. */
export interface LogLimits {
  /** Lines are gone this many days after they were written. */
  days: number;
  /** A cluster's oldest tasksets lose their output once all of it is more. */
  bytesPerCluster: number;
}

/** Where a chunk stands in the order in which they were stored. */
export interface LogPlace {
  /** Milliseconds since the epoch, by the database's clock. */
  storedAt: number;
  /** Of chunks that were stored at the same time, the smaller one first; empty: before all of them. */
  id: string;
}

export type StoredLogChunk = StepLogChunk & LogPlace;

export interface LogStore {
  /** Writing a chunk again changes no line. */
  append(chunk: StepLogChunk): Promise<void>;
  /** Run by run in the order in which they began, the lines of each in theirs. */
  read(filter: LogFilter): Promise<StepLogChunk[]>;
  /** Another text once more of a taskset is stored; undefined: there is nothing. */
  latest(of: { clusterId: string; tasksetId: string }): Promise<string | undefined>;
  /** What stands after a place, in the order in which it was stored, at most `limit` chunks. */
  readSince(filter: LogFilter, after: LogPlace, limit: number): Promise<StoredLogChunk[]>;
  /** Drops the output of a cluster's oldest tasksets until the rest is within the limit; the newest taskset's stays. */
  trim(clusterId: string): Promise<void>;
}

export interface Project {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  modifiedAt: string;
  default: boolean;
}

export interface ProjectStore {
  /** Conflict when the name is taken. */
  create(input: { name: string; description?: string; default?: boolean }): Promise<Project>;
  get(name: string): Promise<Project | undefined>;
  getById(id: string): Promise<Project | undefined>;
  /** By name. */
  list(page: Page<string> & { name?: NameFilter }): Promise<Slice<Project>>;
}

export type KeyRole = 'viewer' | 'operator' | 'admin';

export interface ApiKeyRecord {
  id: string;
  name: string;
  /** sha256 of the key. */
  hash: string;
  /** Absent: every project. */
  project?: string;
  role: KeyRole;
  createdAt: string;
  lastUsedAt?: string;
  revokedAt?: string;
}

export interface ApiKeyStore {
  create(record: Omit<ApiKeyRecord, 'createdAt'>): Promise<ApiKeyRecord>;
  /**
   * The same for a request that may be carried out more than once: a key of this id that an earlier attempt made becomes
   * this one, whose hash alone opens anything. Conflict when a later attempt has made it, or it was revoked.
   */
  createOnce(record: Omit<ApiKeyRecord, 'createdAt'>, attempt: Date): Promise<ApiKeyRecord>;
  findByHash(hash: string): Promise<ApiKeyRecord | undefined>;
  get(id: string): Promise<ApiKeyRecord | undefined>;
  list(): Promise<ApiKeyRecord[]>;
  /** By name, those of one name by id. */
  page(
    page: Page<{ name: string; id: string }> & {
      name?: NameFilter;
      project?: string;
      revoked?: boolean;
    },
  ): Promise<Slice<ApiKeyRecord>>;
  revoke(id: string): Promise<boolean>;
}

/** A person at the console: whoever holds the token does what the API key may. */
export interface SessionRecord {
  /** sha256 of the token. */
  id: string;
  /** The API key it was opened with. */
  keyId: string;
  createdAt: string;
  expiresAt: Date;
}

export interface SessionStore {
  create(record: Omit<SessionRecord, 'createdAt'>): Promise<SessionRecord>;
  /** Undefined when there is none, or it has expired. */
  get(id: string): Promise<SessionRecord | undefined>;
  remove(id: string): Promise<void>;
}

/** Encrypted values only: what goes in was sealed by vault/. */
export interface SecretStore {
  put(owner: string, name: string, sealed: string, options?: { expiresAt?: Date }): Promise<void>;
  /** Keeps the first value when there is one already, and returns what is stored. */
  putIfAbsent(
    owner: string,
    name: string,
    sealed: string,
    options?: { expiresAt?: Date },
  ): Promise<string>;
  get(owner: string, name: string): Promise<string | undefined>;
  remove(owner: string, name?: string): Promise<void>;
  /**
   * Puts the values after `page.after`, by id, through `change` (after a new master key: the vault's `reseal`) and keeps
   * what differs. What is put meanwhile stands, and is put through it in its turn. Where `change` throws, the value
   * stays and is counted. May be repeated, as a whole or from any page on.
   */
  rewrite(
    change: (owner: string, sealed: string) => string,
    page?: { after?: string; limit?: number },
  ): Promise<Rewritten>;
}

export interface Rewritten {
  checked: number;
  changed: number;
  /** Whose values `change` refused, and why. */
  failed: { owner: string; name: string; message: string }[];
  /** Where the next page begins; absent: this was the last. */
  next?: string;
}

/** An uploaded SSH credential, as far as it may be shown: its key lies among the secrets. */
export interface CredentialRecord {
  project: string;
  name: string;
  displayName?: string;
  description?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  username?: string;
  hostKey?: string;
  /** Specs that name this absolute path mean this credential. */
  privateKeyPath?: string;
  /** `ssh-ed25519`, … */
  keyType: string;
  /** `SHA256:…` of the public key. */
  fingerprint: string;
  hasPassphrase: boolean;
  createdAt: string;
  modifiedAt: string;
}

export interface CredentialStore {
  /** Makes it or replaces it. */
  put(record: Omit<CredentialRecord, 'createdAt' | 'modifiedAt'>): Promise<CredentialRecord>;
  get(project: string, name: string): Promise<CredentialRecord | undefined>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & { name?: NameFilter },
  ): Promise<Slice<CredentialRecord>>;
  /** Those that a spec may name, by name: all but those that are just being removed. */
  usable(project: string): Promise<CredentialRecord[]>;
  /** To be called before a cluster that names it is recorded. Conflict when it is gone. */
  noteUse(project: string, name: string, cluster: string): Promise<void>;
  /**
   * Names of clusters whose machines may be reached with it: it is in their desired or applied spec, or was in one
   * from which a change is still under way.
   */
  usedBy(project: string, name: string): Promise<string[]>;
  /** Unless it is used. */
  remove(project: string, name: string): Promise<{ removed: boolean; usedBy: string[] }>;
}

/** A project's own blueprints. The contents of their add-ons lie among the secrets. */
export interface BlueprintStore {
  /**
   * A new blueprint, a new version of it, or, where the content is that of the newest (or of the version that it names),
   * only its metadata and policy. Conflict when the version it names is there with another content.
   */
  put(input: {
    record: Omit<BlueprintRecord, 'createdAt' | 'modifiedAt'>;
    version: Pick<BlueprintVersion, 'base' | 'baseGiven' | 'driftPolicy' | 'addons'> & {
      /** Left out: the next number. */
      version?: string;
    };
    // A blueprint that was there is rolled out anew, whether or not anything has changed.
  }): Promise<{
    record: BlueprintRecord;
    version: BlueprintVersion;
    created: boolean;
    changed: boolean;
  }>;
  get(project: string, name: string): Promise<BlueprintRecord | undefined>;
  /** Without a version: the newest. */
  version(project: string, name: string, version?: string): Promise<BlueprintVersion | undefined>;
  /** Newest first; the key is the sequence. */
  versions(project: string, name: string, page: Page<number>): Promise<Slice<BlueprintVersion>>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & { name?: NameFilter },
  ): Promise<Slice<BlueprintRecord>>;
  /** Every blueprint that a spec may name, and its versions, the oldest first. */
  words(project: string): Promise<Map<string, string[]>>;
  /** What a spec's blueprint is at this moment; undefined: a built-in one. NotFound when there is none. */
  resolve(project: string, ref: BlueprintRef): Promise<ResolvedBlueprint | undefined>;
  /** To be called before a cluster that names it is recorded. Conflict when it is gone. */
  noteUse(project: string, name: string, cluster: string): Promise<void>;
  /** Names of clusters that name it. */
  usedBy(project: string, name: string): Promise<string[]>;
  /** Unless it is used. */
  remove(project: string, name: string): Promise<{ removed: boolean; usedBy: string[] }>;
  /** Clusters of the project that name it without a version, by name. */
  followers(project: string, name: string): Promise<{ id: string; name: string }[]>;
  /** The newest. */
  rollout(project: string, name: string): Promise<Rollout | undefined>;
  putRollout(rollout: Rollout): Promise<void>;
  /** The last write of a rollout: unless a newer version came meanwhile, there is none to begin any more. */
  endRollout(rollout: Rollout): Promise<void>;
  /** Those of which a version has yet to come to the clusters that follow it. */
  pendingRollouts(limit: number): Promise<{ project: string; name: string }[]>;
}

export interface HostKeyRecord {
  clusterId: string;
  hostname: string;
  key: string;
  fingerprint: string;
  source: 'spec' | 'first-use' | 'accepted' | 'registration';
  /** Seen later and not yet accepted by a person. */
  pending?: { key: string; fingerprint: string; seenAt: string };
  pinnedAt: string;
}

export interface HostKeyStore {
  get(clusterId: string, hostname: string): Promise<HostKeyRecord | undefined>;
  /** By hostname: all, or those of these names. */
  list(clusterId: string, hostnames?: readonly string[]): Promise<HostKeyRecord[]>;
  /** First pin wins; returns what is pinned. */
  pin(record: Omit<HostKeyRecord, 'pinnedAt'>): Promise<HostKeyRecord>;
  notePending(clusterId: string, hostname: string, key: string, fingerprint: string): Promise<void>;
  /** The pending key becomes the pinned one. False when nothing is pending. */
  accept(clusterId: string, hostname: string): Promise<boolean>;
  remove(clusterId: string, hostname?: string): Promise<void>;
}

/** Machines that came by the installer command, one a node; they go with their cluster. */
export interface RegistrationStore {
  put(clusterId: string, registration: Registration): Promise<void>;
  get(clusterId: string, hostname: string): Promise<Registration | undefined>;
  list(clusterId: string): Promise<Registration[]>;
  /** False when there is none, or it was approved before. */
  approve(clusterId: string, hostname: string, by: string): Promise<boolean>;
  remove(clusterId: string, hostname: string): Promise<void>;
}

/** What is kept of an installer command's token: never the token itself. */
export interface InstallTokenRecord {
  id: string;
  clusterId: string;
  /** sha256 of the token. */
  hash: string;
  /** The cluster's `installerTtl` when it was made. */
  ttlDays: number;
  createdAt: string;
  expiresAt: string;
  revokedAt?: string;
}

export interface InstallTokenStore {
  create(record: Omit<InstallTokenRecord, 'createdAt'>): Promise<InstallTokenRecord>;
  get(id: string): Promise<InstallTokenRecord | undefined>;
  /** The newest that was not revoked. */
  latest(clusterId: string): Promise<InstallTokenRecord | undefined>;
  /** How many there were. */
  revokeAll(clusterId: string): Promise<number>;
}

/** A snapshot of a cluster's etcd, without its bytes and its keys: those lie sealed in chunks and among the secrets. */
export interface SnapshotRecord {
  /** Of the operation that was asked for: letters, digits and dashes, at most 64. */
  id: string;
  clusterId: string;
  /** When it was taken. */
  createdAt: string;
  /** The hostname of the control plane that it was taken on. */
  node: string;
  kubernetesVersion: string;
  /** Of etcd, when it was begun. */
  revision?: string;
  /** Bytes, and their sum, as etcd gave it. */
  size: number;
  sha256: string;
  /** The same compressed: what the chunks hold. */
  packedSize: number;
  packedSha256: string;
  chunks: number;
  /** All of it is here and was read back. */
  complete: boolean;
  completedAt?: string;
}

export interface SnapshotStore {
  /** Makes it, or goes on with the one of this id where its bytes are the same. NotFound when the cluster is gone. */
  begin(record: Omit<SnapshotRecord, 'complete' | 'completedAt'>): Promise<void>;
  /** At most 1 MB. Writing it again changes nothing. */
  putChunk(
    clusterId: string,
    id: string,
    chunk: { index: number; sealed: Uint8Array },
  ): Promise<void>;
  /** How many there are: they are put in order. */
  chunkCount(clusterId: string, id: string): Promise<number>;
  getChunk(clusterId: string, id: string, index: number): Promise<Buffer | undefined>;
  complete(clusterId: string, id: string): Promise<void>;
  get(clusterId: string, id: string): Promise<SnapshotRecord | undefined>;
  /** Newest first, without those that are not complete. */
  list(
    clusterId: string,
    page: Page<Pick<SnapshotRecord, 'createdAt' | 'id'>>,
  ): Promise<Slice<SnapshotRecord>>;
  /** Newest first, with those that are not complete. */
  all(clusterId: string): Promise<SnapshotRecord[]>;
  /** With its chunks; false when there is none. */
  remove(clusterId: string, id: string): Promise<boolean>;
}

export type ClusterKey = Pick<ClusterRecord, 'id' | 'project' | 'name'>;

/** When certificates end: the watchers record it here, and the steps that have just made or renewed them. */
export interface CertificateStore {
  /** Dropped where something younger is known, or the node is gone. */
  record(clusterId: string, hostname: string, expiry: CertificateExpiry): Promise<void>;
  /**
   * Created clusters of which a joined node's certificates end by then, those that end first first; `next` is the key of
   * the page after.
   */
  due(
    by: Date,
    page: { limit: number; after?: UpkeepKey },
  ): Promise<{ items: ClusterKey[]; next?: UpkeepKey }>;
}

/** Looks at drift by the clock. */
export interface DriftStore {
  /** Blueprints that want them, by id (`project/name`). */
  blueprints(page: {
    limit: number;
    after?: string;
  }): Promise<{ id: string; project: string; name: string; everyHours: number }[]>;
  /** Clusters that name the blueprint, are as they were to be, and were not asked for a look since `before`. */
  due(of: { project: string; name: string; before: Date; limit: number }): Promise<ClusterKey[]>;
  /** A sync of the blueprint, in one atomic write; false when the cluster is not due any more. */
  ask(clusterId: string, of: { before: Date; now: Date; reason: string }): Promise<boolean>;
}

export interface AuditRecord {
  at: string;
  actor: string;
  action: string;
  project?: string;
  resource: string;
  summary: string;
  /** The taskset that the change led to; absent until it begins, and where there was nothing to do. */
  tasksetId?: string;
  requestId?: string;
}

/** What a change asks of a cluster: the taskset that begins with this, or with more, is the one that does it. */
export interface AskedWork {
  clusterId: string;
  generation: number;
  retries: number;
}

/** Where a record stands among the others. */
export interface AuditKey {
  at: string;
  id: string;
}

export interface AuditStore {
  append(record: AuditRecord, work?: AskedWork): Promise<void>;
  /** As `append`, and nothing where there is an entry of this key: for who may be cut off and begin again. */
  appendOnce(key: string, record: AuditRecord): Promise<void>;
  /** Of every change so far whose work has begun in no taskset yet: this one does it. */
  noteTaskset(tasksetId: string, work: AskedWork): Promise<void>;
  /** Newest first; `last` is the key of the page's last record. */
  list(
    page: Page<AuditKey> & { project?: string; resource?: NameFilter; action?: string },
  ): Promise<Slice<AuditRecord> & { last?: AuditKey }>;
}

export type IdempotencyBegin =
  /** Nobody has: run it, then `finish` or `release` with this lease. */
  | { state: 'begun'; lease: Date; expiresAt: Date }
  /** Somebody runs it at this moment. */
  | { state: 'running' }
  | { state: 'done'; lease: Date; status: number; headers: Record<string, string> }
  /** The id was taken for another request. */
  | { state: 'other' };

/** Which request with an Idempotency-Key runs, and what was answered. Bodies of answers are kept as secrets. */
export interface IdempotencyStore {
  begin(request: {
    id: string;
    /** The same for the same request only. */
    fingerprint: string;
    /** Longer than the request can take: after it, its process counts as dead. */
    leaseMs: number;
    expiresAt: Date;
  }): Promise<IdempotencyBegin>;
  /** False when the lease ended and another process took over: its answer is the one. */
  finish(
    id: string,
    lease: Date,
    answer: { status: number; headers: Record<string, string> },
  ): Promise<boolean>;
  /** Nothing was changed: it may be sent again. */
  release(id: string, lease: Date): Promise<void>;
}
