import type { CommonStatus } from '../core/cluster.js';
import type { CommonConditionStatus } from '../core/words.js';
import { COMMON_CONDITION_TYPE } from '../core/words.js';

/** RFC 3339 with the six digits that clients parse; the clock gives three of them. */
export function timestamp(at: Date = new Date()): string {
  return at.toISOString().replace('Z', '000Z');
}

export function commonStatus(
  conditionStatus: CommonConditionStatus,
  reason: string,
  at: Date = new Date(),
): CommonStatus {
  const ms = at.getTime();
  return {
    conditionType: COMMON_CONDITION_TYPE,
    conditionStatus,
    reason,
    lastUpdated: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 },
  };
}
