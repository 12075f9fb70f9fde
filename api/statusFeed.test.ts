import { describe, expect, test } from 'vitest';

import { clusterRecord } from '../test/api/records.js';
import { until } from '../test/api/until.js';
import type { ClusterRecord } from '../core/records.js';
import type { Store } from '../store/types.js';
import { createStatusFeed, type Snapshot } from './statusFeed.js';

/** As much of a store as a feed reads. */
function storeOf(read: () => ClusterRecord | undefined) {
  let reads = 0;
  const store = {
    clusters: {
      get: () => {
        reads += 1;
        return Promise.resolve(read());
      },
    },
    nodes: { statuses: () => Promise.resolve([]) },
    tasksets: { latest: () => Promise.resolve([]) },
  } as unknown as Store;
  return { store, reads: () => reads };
}

const of = { project: 'defaultproject', name: 'demo-cluster' };

describe('a status feed', () => {
  test('asks the store as often for ten listeners as for one, and not at all for none', async () => {
    const { store, reads } = storeOf(() => clusterRecord());
    const feed = createStatusFeed(store, { everyMs: 5, onError: () => undefined });
    const heard: (Snapshot | undefined)[] = [];
    const ends = Array.from({ length: 10 }, () => feed.follow(of, (news) => heard.push(news)));
    await until('all have heard', () => heard.length === 10);
    expect(reads()).toBeLessThan(10);
    for (const end of ends) end();
    await until('a last look', async () => {
      const before = reads();
      await new Promise((resolve) => setTimeout(resolve, 30));
      return reads() === before;
    });
    expect(heard).toHaveLength(10);
  });

  test('goes on after the store has failed', async () => {
    let looks = 0;
    const { store } = storeOf(() => {
      looks += 1;
      if (looks === 1) throw new Error('away');
      return clusterRecord();
    });
    const errors: unknown[] = [];
    const feed = createStatusFeed(store, { everyMs: 1, onError: (error) => errors.push(error) });
    let heard: Snapshot | undefined;
    const end = feed.follow(of, (news) => (heard = news));
    await until('news', () => heard !== undefined);
    end();
    expect(errors).toHaveLength(1);
  });
});
