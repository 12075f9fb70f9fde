import { hashApiKey, sameHash } from '../auth/apiKey.js';
import type { ClusterRecord } from '../../core/records.js';
import type { InstallTokenRecord } from '../../store/installTokenStore.js';
import type { Store } from '../../store/types.js';
import type { Vault } from '../../vault/types.js';
import { randomBytes } from 'node:crypto';

interface Deps {
  store: Store;
  vault: Vault;
}

/** So that a token is known as one of ours wherever it turns up. */
const TOKEN = /^plinthi_([0-9a-f]{16})_[0-9a-f]{64}$/;
const DEFAULT_TTL_DAYS = 365;
const DAY_MS = 24 * 3_600_000;

export interface InstallToken {
  token: string;
  record: InstallTokenRecord;
}

/**
 * A new token of a cluster. It is drawn from the master key and its random id, so that the same command can be
 * shown again although only the token's hash is stored.
 */
export async function createInstallToken(
  deps: Deps,
  cluster: ClusterRecord,
): Promise<InstallToken> {
  const id = randomBytes(8).toString('hex');
  const token = tokenOf(deps.vault, cluster.id, id);
  const ttlDays = ttlOf(cluster);
  const record = await deps.store.installTokens.create({
    ...{ id, clusterId: cluster.id, hash: hashApiKey(token), ttlDays },
    expiresAt: new Date(Date.now() + ttlDays * DAY_MS).toISOString(),
  });
  return { token, record };
}

/** The token that is in use; undefined when there is none that could be used by the spec as it is now. */
export async function currentInstallToken(
  deps: Deps,
  cluster: ClusterRecord,
): Promise<InstallToken | undefined> {
  const record = await deps.store.installTokens.latest(cluster.id);
  if (record === undefined || record.ttlDays !== ttlOf(cluster) || hasExpired(record)) {
    return undefined;
  }
  const token = tokenOf(deps.vault, cluster.id, record.id);
  // Made under another master key: it cannot be shown again.
  return sameHash(hashApiKey(token), record.hash) ? { token, record } : undefined;
}

/** What a request with this token may register at; undefined for any token that is not good, whatever the reason. */
export async function clusterOfToken(
  { store }: Deps,
  token: string | undefined,
): Promise<{ cluster: ClusterRecord; tokenId: string } | undefined> {
  const id = TOKEN.exec(token ?? '')?.[1];
  if (id === undefined || token === undefined) return undefined;
  const record = await store.installTokens.get(id);
  if (record === undefined || !sameHash(hashApiKey(token), record.hash)) return undefined;
  if (record.revokedAt !== undefined || hasExpired(record)) return undefined;
  const cluster = await store.clusters.getById(record.clusterId);
  if (cluster === undefined || cluster.deleting) return undefined;
  // A spec that was changed to a shorter time counts for tokens that are out already.
  const byNow = new Date(record.createdAt).getTime() + ttlOf(cluster) * DAY_MS;
  return byNow <= Date.now() ? undefined : { cluster, tokenId: id };
}

function tokenOf(vault: Vault, clusterId: string, id: string): string {
  return `plinthi_${id}_${vault.keyedHash(`installer token ${id} of cluster ${clusterId}`)}`;
}

function ttlOf(cluster: ClusterRecord): number {
  return cluster.desired.spec.config.installerTtl ?? DEFAULT_TTL_DAYS;
}

function hasExpired({ expiresAt }: InstallTokenRecord): boolean {
  return new Date(expiresAt).getTime() <= Date.now();
}
