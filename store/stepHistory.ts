import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { Binary, type Db } from 'mongodb';

import { byHostname } from '../core/byHostname.js';
import type { NodeSteps } from '../core/operationSteps.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import type { StepHistoryStore } from './stepHistoryStore.js';

/** Of one operation, of some nodes. */
interface HistoryDocument {
  /** `taskset/operation/first node`. */
  _id: string;
  clusterId: string;
  tasksetId: string;
  operationIndex: number;
  /** NodeSteps[] as JSON, compressed: a tenth of it. */
  nodes: Binary;
}

/** Each with its last lines where it failed, they are far from the most that a document may hold. */
const TOGETHER = 50;

export async function openStepHistory(db: Db): Promise<StepHistoryStore> {
  const history = db.collection<HistoryDocument>(CollectionName.stepHistory);
  await history.createIndex({ clusterId: 1, tasksetId: 1 });
  return {
    async keep({ clusterId, tasksetId, operationIndex }, nodes) {
      const of = { clusterId, tasksetId, operationIndex };
      const sorted = nodes.toSorted(byHostname);
      for (let from = 0; from < sorted.length; from += TOGETHER) {
        const some = sorted.slice(from, from + TOGETHER);
        const _id = [tasksetId, operationIndex, some[0]?.hostname].join('/');
        await history.replaceOne({ _id }, { ...of, nodes: await packed(some) }, { upsert: true });
        if (!(await clusterLives(db, clusterId))) await history.deleteOne({ _id });
      }
    },
    async read(clusterId, tasksetId) {
      const found = await history.find({ clusterId, tasksetId }).toArray();
      const all = await Promise.all(
        found.map(async ({ operationIndex, nodes }) =>
          (await unpacked(nodes)).map((node) => ({ operationIndex, ...node })),
        ),
      );
      return all.flat();
    },
  };
}

async function packed(nodes: readonly NodeSteps[]): Promise<Binary> {
  const plain = nodes.map(({ hostname, steps }) => ({ hostname, steps }));
  return new Binary(await promisify(gzip)(JSON.stringify(plain)));
}

async function unpacked(nodes: Binary): Promise<NodeSteps[]> {
  return JSON.parse((await promisify(gunzip)(nodes.buffer)).toString()) as NodeSteps[];
}
