import type { Collection, FindOptions } from 'mongodb';

import { batched } from './batched.js';
import type { TasksetDocument } from './tasksetDocument.js';

/** What is read of a cluster together with others; most have had less done to them. */
const TOGETHER = 10;

/**
 * Reads the newest tasksets of a cluster. Those of many clusters that are asked for at once come in one query,
 * bounded by what all of them may have; a cluster that it did not get to, or that is asked for more of, has a
 * query of its own.
 */
export function latestTasksets(
  tasksets: Collection<TasksetDocument>,
  options: FindOptions,
): (clusterId: string, limit: number) => Promise<TasksetDocument[]> {
  const alone = (clusterId: string, limit: number): Promise<TasksetDocument[]> =>
    tasksets.find({ clusterId }, options).sort({ sequence: -1 }).limit(limit).toArray();

  const together = batched(async (clusterIds) => {
    const [only] = clusterIds;
    if (only !== undefined && clusterIds.length === 1) {
      return new Map([[only, await alone(only, TOGETHER)]]);
    }
    const limit = clusterIds.length * TOGETHER;
    const found = await tasksets
      .find({ clusterId: { $in: clusterIds } }, options)
      .sort({ clusterId: 1, sequence: -1 })
      .limit(limit)
      .toArray();
    // The last one that it got to may have more, and those after it have had no turn.
    const last = found.length < limit ? undefined : found.at(-1)?.clusterId;
    const got = clusterIds.filter((id) => last === undefined || id < last);
    return new Map(
      got.map((id) => [id, found.filter((of) => of.clusterId === id).slice(0, TOGETHER)]),
    );
  });

  return async (clusterId, limit) => {
    const found = limit > TOGETHER ? undefined : await together(clusterId);
    return found?.slice(0, limit) ?? alone(clusterId, limit);
  };
}
