import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import type { OperationOutcome } from '../activities/refs.js';
import { endOfError, endOfResult, type ActivityEnd } from './activityOutcome.js';
import { stepOf, subjectOf } from './activitySubject.js';
import type { WorkerMetrics } from './workerMetrics.js';

/**
 * Counts what workflows ask of the world: how long it waited, how long it took, how it ended.
 *
 * @example
 * Worker.create({ interceptors: { activity: [activityMetrics(metrics)] }, … });
 */
export function activityMetrics(metrics: WorkerMetrics): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const { activityType, currentAttemptScheduledTimestampMs: scheduled } = info;
        // Local ones wait in no queue, and take no place.
        const places = info.isLocal ? 0 : 1;
        if (!info.isLocal) {
          // Two computers' clocks: a little less than nothing is nothing.
          const waited = Math.max(0, Date.now() - scheduled) / 1000;
          metrics.queueDelay.observe({ activity: activityType }, waited);
        }
        const started = performance.now();
        const ended = ({ outcome }: ActivityEnd): void => {
          const step = stepOf(activityType, input.args);
          if (step === undefined) return;
          metrics.steps.observe({ step, outcome }, (performance.now() - started) / 1000);
        };
        metrics.running.inc(places);
        try {
          const result = await next(input);
          ended(endOfResult(result));
          if (activityType === 'endOperation') countOperation(metrics, input.args);
          return result;
        } catch (error) {
          ended(endOfError(error));
          throw error;
        } finally {
          metrics.running.dec(places);
        }
      },
    },
  });
}

function countOperation({ operations }: WorkerMetrics, args: readonly unknown[]): void {
  const { operation } = subjectOf(args);
  const outcome = args[1] as OperationOutcome | undefined;
  if (operation === undefined || outcome === undefined) return;
  const { failed, cancelled } = outcome;
  operations.inc({
    operation,
    outcome: cancelled === true ? 'cancelled' : failed ? 'failed' : 'succeeded',
  });
}
