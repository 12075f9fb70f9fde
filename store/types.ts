import type { ApiKeyStore } from './apiKeyStore.js';
import type { AuditStore } from './auditStore.js';
import type { BlueprintStore } from './blueprintStore.js';
import type { CertificateStore } from './certificateStore.js';
import type { ClusterStore } from './clusterStore.js';
import type { CountStore } from './countStore.js';
import type { CredentialStore } from './credentialStore.js';
import type { DriftStore } from './driftStore.js';
import type { HostKeyStore } from './hostKeyStore.js';
import type { IdempotencyStore } from './idempotencyStore.js';
import type { InstallTokenStore } from './installTokenStore.js';
import type { LogStore } from './logStore.js';
import type { NodeStore } from './nodeStore.js';
import type { ProjectStore } from './projectStore.js';
import type { RegistrationStore } from './registrationStore.js';
import type { SecretStore } from './secretStore.js';
import type { SessionStore } from './sessionStore.js';
import type { SnapshotStore } from './snapshotStore.js';
import type { StepHistoryStore } from './stepHistoryStore.js';
import type { TasksetStore } from './tasksetStore.js';
import type { HealthStore, LeaseStore } from './watchTypes.js';
import type { WebhookStore } from './webhookStore.js';
import type { WorkerStore } from './workerStore.js';

/**
 * Everything plinth remembers. All writes are idempotent (activities retry) and ordered: a write of an
 * earlier life, generation or taskset sequence never moves a later one back.
 */
export interface Store {
  clusters: ClusterStore;
  nodes: NodeStore;
  tasksets: TasksetStore;
  stepHistory: StepHistoryStore;
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
  workers: WorkerStore;
  /** Fails unless the database answers within 2 s. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
