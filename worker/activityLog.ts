import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import type { Logger } from '../activities/deps.js';
import { endOfError, endOfResult, type ActivityEnd } from './activityOutcome.js';
import { subjectOf } from './activitySubject.js';

/**
 * One wide line for each attempt at an activity: which request it goes back to, what it was about, how it ended. Never
 * what it was given or what a machine said.
 */
export function activityLog(log: Logger): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const started = performance.now();
        const write = ({ outcome, code }: ActivityEnd): void => {
          const { requestId, project, name, tasksetId, operation, hostname, subject, step } =
            subjectOf(input.args);
          const line = {
            requestId,
            project,
            cluster: name,
            taskset: tasksetId,
            operation,
            node: hostname ?? subject,
            step,
            activity: info.activityType,
            attempt: info.attempt,
            workflow: info.workflowExecution?.workflowId,
            outcome,
            error: code,
            ms: Math.round(performance.now() - started),
          };
          log[outcome === 'failed' ? 'error' : outcome === 'interrupted' ? 'warn' : 'info'](
            line,
            'activity',
          );
        };
        try {
          const result = await next(input);
          write(endOfResult(result));
          return result;
        } catch (error) {
          write(endOfError(error));
          throw error;
        }
      },
    },
  });
}
