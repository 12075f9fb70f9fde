import { createHash } from 'node:crypto';

import type { Cluster } from '../core/cluster.js';
import type { Store } from '../store/types.js';
import { clusterWithStatus } from './views/clusterView.js';

/** A cluster at one moment. The id is the same exactly when what is to be seen is. */
export interface Snapshot {
  id: string;
  cluster: Cluster;
}

/** Undefined: the cluster is gone. */
type SnapshotListener = (snapshot: Snapshot | undefined) => void;

export interface StatusFeed {
  /** Calls `listener` with what is there now and then whenever it changes, until the returned function is called. */
  follow(of: { project: string; name: string }, listener: SnapshotListener): () => void;
}

interface Channel {
  listeners: Set<SnapshotListener>;
  latest?: { snapshot: Snapshot | undefined };
}

/** However many people watch a cluster, the store is asked once per interval. */
export function createStatusFeed(
  store: Store,
  options: { everyMs: number; onError: (error: unknown) => void },
): StatusFeed {
  const channels = new Map<string, Channel>();

  const poll = async (key: string, of: { project: string; name: string }): Promise<void> => {
    for (;;) {
      const channel = channels.get(key);
      if (channel === undefined) return;
      try {
        const snapshot = await snapshotOf(store, of);
        const changed =
          channel.latest === undefined || channel.latest.snapshot?.id !== snapshot?.id;
        channel.latest = { snapshot };
        if (changed) for (const listener of channel.listeners) listener(snapshot);
      } catch (error) {
        // The next look may find the store there again: the stream stays open.
        options.onError(error);
      }
      if (channel.listeners.size === 0) {
        channels.delete(key);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, options.everyMs));
    }
  };

  return {
    follow(of, listener) {
      const key = JSON.stringify([of.project, of.name]);
      const known = channels.get(key);
      const channel = known ?? { listeners: new Set() };
      channel.listeners.add(listener);
      if (known === undefined) {
        channels.set(key, channel);
        void poll(key, of);
      } else if (known.latest !== undefined) {
        listener(known.latest.snapshot);
      }
      return () => {
        channel.listeners.delete(listener);
      };
    },
  };
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
