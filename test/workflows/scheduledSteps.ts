import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

/*
 * Bundled with the workflows where their histories are replayed: a replay by itself compares ids and types of activities,
 * and every step of every node is of one type. Nothing here is a command of a workflow's.
 */

export interface ScheduledActivity {
  activityId: string;
  activityType: string;
  args: readonly unknown[];
}

export interface ScheduleSinks extends Sinks {
  schedule: { scheduled(activity: ScheduledActivity): void };
}

const { schedule } = proxySinks<ScheduleSinks>();

export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          const { activityType, args, options, seq } = input;
          const activityId = options.activityId ?? String(seq);
          schedule.scheduled({ activityId, activityType, args });
          return next(input);
        },
      },
    ],
  };
}
