import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import { redaction } from '../activities/redaction.js';
import { ErrorCode } from '../core/errors.js';
import { SpanAttribute, subjectAttributes } from '../core/traceContext.js';
import type { Tracing } from '../tracing/tracing.js';
import { contextIn } from '../workflows/spanContext.js';
import { endOfError, endOfResult } from './activityOutcome.js';
import { stepOf, subjectOf } from './activitySubject.js';

/** Of an error's words, at most. */
const WORDS = 500;
const { text: redacted } = redaction([]);

/**
 * A span for each attempt at an activity, below the workflow that asked for it. Reads and writes of the store (local
 * activities) have none: their log lines say which workflow's span they belong to.
 */
export function activityTrace(tracing: Tracing): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const parent = contextIn(input.headers);
        if (info.isLocal) {
          return parent === undefined ? next(input) : tracing.within(parent, () => next(input));
        }
        const { project, name, tasksetId, operation, hostname, subject, requestId } = subjectOf(
          input.args,
        );
        const step = stepOf(info.activityType, input.args);
        const attributes = {
          ...subjectAttributes({
            ...{ project, cluster: name, taskset: tasksetId, operation, step, requestId },
            node: hostname ?? subject,
          }),
          [SpanAttribute.Attempt]: info.attempt,
          ...(info.workflowExecution === undefined
            ? {}
            : {
                [SpanAttribute.WorkflowId]: info.workflowExecution.workflowId,
                [SpanAttribute.RunId]: info.workflowExecution.runId,
              }),
        };
        return tracing.span(
          {
            name: step === undefined ? `activity ${info.activityType}` : `step ${step}`,
            ...{ kind: 'internal', parent: parent ?? 'none', attributes },
          },
          async (span) => {
            try {
              const result = await next(input);
              span.set({ [SpanAttribute.Outcome]: endOfResult(result).outcome });
              return result;
            } catch (error) {
              const { outcome, code } = endOfError(error);
              span.set({ [SpanAttribute.Outcome]: outcome });
              span.fail(code ?? ErrorCode.Cancelled, wordsOf(error));
              throw error;
            }
          },
        );
      },
    },
  });
}

/** Of an error with a class, whose words are ours and redacted where it came about; of any other, none. */
function wordsOf(error: unknown): string | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  if (error.type === ErrorCode.Internal) return undefined;
  return redacted(error.message).slice(0, WORDS);
}
