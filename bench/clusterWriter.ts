import { createStore } from '../store/store.js';
import { BENCH_PROJECT, benchCluster } from './apiSeed.js';

/** Makes a cluster or removes the one that it made before. */
export type Write = () => Promise<void>;

/** Writes as another process of the service does: by the store, on connections of its own. */
export async function clusterWriter(uri: string, ends: (() => Promise<unknown>)[]): Promise<Write> {
  const store = await createStore({ uri });
  ends.push(() => store.close());
  let made: string | undefined;
  return async () => {
    if (made === undefined) {
      const name = `w${String(Math.floor(Math.random() * 100_000))}`;
      const desired = await benchCluster(name);
      const input = { project: BENCH_PROJECT, name, desired, secretsHash: '' };
      made = (await store.clusters.apply(input)).record.id;
    } else {
      await store.clusters.remove(made);
      made = undefined;
    }
  };
}

/** One after the other, until it is stopped; then how many there were. */
export function writeUntilStopped(write: Write): { stop(): Promise<number> } {
  const state = { stopped: false };
  const writing = (async () => {
    let count = 0;
    for (; !state.stopped; count++) await write();
    return count;
  })();
  return {
    stop() {
      state.stopped = true;
      return writing;
    },
  };
}
