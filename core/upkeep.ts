/** Names of the hourly work; pure, so that whoever starts it and the workflow agree. */

export const UPKEEP_SCHEDULE_ID = 'plinth-upkeep';
export const UPKEEP_WORKFLOW_TYPE = 'upkeep';

/** What is looked through, in this order. */
export const UPKEEP_PARTS = ['snapshots', 'renewals', 'drift'] as const;
export type UpkeepPart = (typeof UPKEEP_PARTS)[number];

/** Where a page of a part begins. */
export interface UpkeepKey {
  /** What the part is in order of. */
  by: string;
  id: string;
}

/** One page of one part. */
export interface UpkeepPage {
  /** `expiries`: of a pass that an older worker began; nothing is done for it. */
  part: UpkeepPart | 'expiries';
  /** The pass's own time, the same on every page of it. RFC 3339. */
  at: string;
  after?: UpkeepKey;
}

export interface UpkeepTurn {
  /** Clusters whose workflows were told. */
  asked: number;
  /** Clusters whose machines were asked, by an older worker. */
  read?: number;
  /** Where the next page begins; absent: this was the last. */
  next?: UpkeepKey;
}

/** Input of the workflow `upkeep`: empty when a pass begins. */
export interface UpkeepInput {
  at?: string;
  part?: UpkeepPage['part'];
  after?: UpkeepKey;
  /** Of this pass so far. */
  asked?: number;
  read?: number;
  /** Parts that could not be ended, in words. */
  failures?: string[];
}
