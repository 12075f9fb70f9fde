/** Names of the collections in one place: removing a cluster reaches into several. */
export const CollectionName = {
  clusters: 'clusters',
  /** Which names of a project's clusters came and went: what a process knows of them is brought up to date by it. */
  clusterNames: 'clusterNames',
  /** Which clusters may hold a machine: hints for findByAddress. */
  machines: 'machines',
  nodes: 'nodes',
  tasksets: 'tasksets',
  /** What steps came to in operations that have ended. */
  stepHistory: 'stepHistory',
  logs: 'logs',
  projects: 'projects',
  apiKeys: 'apiKeys',
  /** Of people at the console. */
  sessions: 'sessions',
  secrets: 'secrets',
  /** Uploaded SSH credentials, without their keys. */
  credentials: 'credentials',
  /** Which clusters may use a credential: hints, as `machines`. */
  credentialUses: 'credentialUses',
  blueprints: 'blueprints',
  blueprintVersions: 'blueprintVersions',
  /** Which clusters are about to name a blueprint. */
  blueprintUses: 'blueprintUses',
  blueprintRollouts: 'blueprintRollouts',
  hostKeys: 'hostKeys',
  /** Machines on which the installer command ran. */
  registrations: 'registrations',
  installTokens: 'installTokens',
  /** Of etcd, without their bytes. */
  snapshots: 'snapshots',
  snapshotChunks: 'snapshotChunks',
  /** Shards of what is watched, and who watches each. */
  leases: 'leases',
  /** Processes that watch. */
  watchers: 'watchers',
  /** At work, and what their artifacts hold. */
  workers: 'workers',
  /** Of each cluster that is watched: the last look, and when the next is due. */
  health: 'health',
  /** What was last seen of each node. */
  nodeHealth: 'nodeHealth',
  webhooks: 'webhooks',
  webhookDeliveries: 'webhookDeliveries',
  audit: 'audit',
  /** Requests with an Idempotency-Key. */
  idempotency: 'idempotency',
} as const;
