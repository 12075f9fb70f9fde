import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';

import type { Logger } from '../activities/deps.js';
import { UPKEEP_SCHEDULE_ID, UPKEEP_WORKFLOW_TYPE } from '../core/upkeep.js';

/** After Temporal has refused it: it may be about to come up. */
const AGAIN_MS = 30_000;

/**
 * One pass an hour, at another minute for each installation. While one is at work no other begins; of those that were
 * missed while Temporal was away, one is made up for.
 */
function scheduleOptions(taskQueue: string) {
  return {
    spec: { intervals: [{ every: '1 hour' }], jitter: '10 minutes' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
    action: {
      type: 'startWorkflow',
      workflowType: UPKEEP_WORKFLOW_TYPE,
      workflowId: UPKEEP_WORKFLOW_TYPE,
      args: [{}],
      taskQueue,
      // One that nobody works on must not keep all that follow from beginning.
      workflowExecutionTimeout: '1 day',
      staticSummary: 'The hourly work: snapshots, certificates, drift',
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

/** Makes the schedule, or brings the one that is there up to date; whether it is paused is a person's to say. */
export async function ensureUpkeepSchedule(client: Client, taskQueue: string): Promise<void> {
  const options = scheduleOptions(taskQueue);
  try {
    await client.schedule.create({ scheduleId: UPKEEP_SCHEDULE_ID, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(UPKEEP_SCHEDULE_ID);
    await handle.update(({ state: { paused, note } }) => ({
      ...options,
      state: { paused, ...(note === undefined ? {} : { note }) },
    }));
  }
}

/** The same, again and again until it is there. A worker does its other work meanwhile. */
export function keepUpkeepSchedule(
  client: Client,
  { taskQueue, log, againMs = AGAIN_MS }: { taskQueue: string; log: Logger; againMs?: number },
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const attempt = async (): Promise<void> => {
    try {
      await ensureUpkeepSchedule(client, taskQueue);
    } catch (error) {
      if (stopped) return;
      log.error({ error: String(error) }, 'the hourly work is not scheduled yet: trying again');
      timer = setTimeout(() => void attempt(), againMs);
    }
  };
  void attempt();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
