import type { Collection } from 'mongodb';

import { fulfilledConditions } from '../core/conditions.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import { isJudgement } from './applyJudgement.js';
import type { ClusterDocument } from './clusterDocument.js';
import { timestamp } from './timestamps.js';

/** See ClusterStore.settleConditions. */
export async function settleConditions(
  clusters: Collection<ClusterDocument>,
  clusterId: string,
): Promise<boolean> {
  // Watchers write at the same time: what was read has still to be there.
  for (;;) {
    const found = await clusters.findOne(
      { _id: clusterId },
      { projection: { conditions: 1, judged: 1 } },
    );
    if (found === null) return false;
    const { conditions: before, judged } = found;
    const ready = before.find(({ type }) => type === ConditionType.Ready);
    const isKept = ready !== undefined && isJudgement(ready, judged);
    const conditions = fulfilledConditions(before, timestamp()).map((condition) =>
      isKept && condition.type === ConditionType.Ready ? ready : condition,
    );
    const { matchedCount } = await clusters.updateOne(
      { _id: clusterId, conditions: before },
      { $set: { conditions } },
    );
    if (matchedCount === 1) return !isKept && ready?.status !== ConditionStatus.True;
  }
}
