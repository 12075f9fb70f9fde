import { createHash } from 'node:crypto';

import type { Cluster } from '../core/cluster.js';
import type { Store } from '../store/types.js';
import { createFeed, type Feed } from './feed.js';
import { clusterWithStatus } from './views/clusterView.js';

/** A cluster at one moment. The id is the same exactly when what is to be seen is. */
export interface Snapshot {
  id: string;
  cluster: Cluster;
}

export type StatusFeed = Feed<{ project: string; name: string }, Snapshot>;

/** However many people watch a cluster, the store is asked once per interval. */
export function createStatusFeed(
  store: Store,
  options: { everyMs: number; onError: (error: unknown) => void },
): StatusFeed {
  return createFeed((of) => snapshotOf(store, of), options);
}

async function snapshotOf(
  store: Store,
  of: { project: string; name: string },
): Promise<Snapshot | undefined> {
  const record = await store.clusters.get(of.project, of.name);
  if (record === undefined) return undefined;
  const cluster = await clusterWithStatus(store, record);
  const id = createHash('sha256').update(JSON.stringify(cluster)).digest('base64url').slice(0, 22);
  return { id, cluster };
}
