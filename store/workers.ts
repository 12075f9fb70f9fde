import type { Db } from 'mongodb';

import type { ArtifactHolding } from '../core/artifactHoldings.js';
import { CollectionName } from './collections.js';
import type { WorkerStore } from './workerStore.js';

/** It says so every half minute: four in a row that did not come. */
const LIVE_MS = 2 * 60_000;
/** Of who was killed. */
const FORGOTTEN_MS = 24 * 3_600_000;

interface WorkerDocument {
  _id: string;
  /** JSON of its ArtifactHolding. */
  holds: string;
  /** By the database's clock: those of workers and of who asks may differ. */
  seenAt: Date;
}

export function openWorkers(db: Db): WorkerStore {
  const workers = db.collection<WorkerDocument>(CollectionName.workers);
  const now = async (): Promise<number> => {
    const { localTime } = await db.command({ hello: 1 });
    return (localTime as Date).getTime();
  };
  return {
    async beat(id, holds) {
      const at = await now();
      const set = { holds: JSON.stringify(holds), seenAt: new Date(at) };
      await workers.updateOne({ _id: id }, { $set: set }, { upsert: true });
      await workers.deleteMany({ seenAt: { $lt: new Date(at - FORGOTTEN_MS) } });
    },
    async forget(id) {
      await workers.deleteOne({ _id: id });
    },
    async live() {
      const since = new Date((await now()) - LIVE_MS);
      const found = await workers
        .find({ seenAt: { $gte: since } })
        .sort({ _id: 1 })
        .toArray();
      return found.map(({ holds }) => JSON.parse(holds) as ArtifactHolding);
    },
  };
}
