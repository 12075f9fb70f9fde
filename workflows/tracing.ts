import {
  proxySinks,
  workflowInfo,
  type Sinks,
  type WorkflowInterceptors,
} from '@temporalio/workflow';

import type { OperationOutcome, OperationRef, Waiting, Work } from '../activities/refs.js';
import {
  CHANGED_SIGNAL,
  CLUSTER_WORKFLOW_TYPE,
  type ClusterWorkflowInput,
} from '../core/clusterWorkflow.js';
import {
  parseTraceparent,
  SpanAttribute,
  subjectAttributes,
  type EndedSpan,
  type SpanAttributes,
  type TraceContext,
} from '../core/traceContext.js';
import { endOf } from './spanEnd.js';
import { childOf, contextIn, withContext } from './spanContext.js';

/*
 * Bundled with the workflows where traces are wanted (worker/bundle.ts). Nothing here is a command of a workflow's, and
 * nothing waits for it: a history is the same with it and without it, and so is its replay.
 */

/** Where spans of workflows go once they have ended: never twice, a replay tells nothing. */
export interface TraceSinks extends Sinks {
  traces: { ended(span: EndedSpan): void };
}

const { traces } = proxySinks<TraceSinks>();

/** What a workflow passes on, and to whom. */
interface Passed {
  /** To what it starts and signals. */
  down: () => TraceContext | undefined;
  /** To the run that goes on in its place. */
  on: () => TraceContext | undefined;
}

export function interceptors(): WorkflowInterceptors {
  return workflowInfo().workflowType === CLUSTER_WORKFLOW_TYPE ? tasksetSpans() : runSpan();
}

/** One span from the start of the run to its end, below whatever has started it. */
function runSpan(): WorkflowInterceptors {
  let parent: TraceContext | undefined;
  let own: TraceContext | undefined;
  return {
    inbound: [
      {
        execute(input, next) {
          const { runId, runStartTime } = workflowInfo();
          parent = contextIn(input.headers);
          const context = childOf(parent, runId);
          own = context;
          const about = describeRun(input.args[0]);
          const done = next(input);
          // Beside what awaits it, not before: that another promise is awaited would change the order of things.
          done.then(
            () => tell(),
            (error: unknown) => tell(error),
          );
          return done;

          function tell(error?: unknown): void {
            const end = endOf(error);
            if (end === undefined) return;
            const span = {
              ...about,
              context,
              start: runStartTime.getTime(),
              end: Date.now(),
              ...end,
            };
            traces.ended({ ...span, ...(parent === undefined ? {} : { parent }) });
          }
        },
      },
    ],
    outbound: [passing({ down: () => own, on: () => parent })],
  };
}

/**
 * A cluster's workflow lives as long as there is something to do, and for whoever asks: it has no span of its own. Each
 * taskset has one, below the request that asked for what it does.
 */
function tasksetSpans(): WorkflowInterceptors {
  let origin: TraceContext | undefined;
  /** The same, until a taskset is below it. */
  let asker: TraceContext | undefined;
  let ref: ClusterWorkflowInput | undefined;
  let taskset: Omit<EndedSpan, 'end'> | undefined;

  function begin(work: Work | Waiting | undefined): void {
    if (work === undefined || 'waiting' in work) return;
    const { workflowId, runId } = workflowInfo();
    const parent = askerOf(work) ?? asker;
    asker = undefined;
    taskset = {
      name: 'taskset',
      context: childOf(parent, `${runId}/${work.tasksetId}`),
      ...(parent === undefined ? {} : { parent }),
      start: Date.now(),
      attributes: {
        ...subjectAttributes({
          ...{ project: ref?.project, cluster: ref?.name },
          taskset: work.tasksetId,
        }),
        [SpanAttribute.WorkflowId]: workflowId,
        [SpanAttribute.RunId]: runId,
      },
    };
  }

  /** Its request may not have told this workflow yet, or another one may have since. */
  function askerOf({ by }: Work): TraceContext | undefined {
    const request = parseTraceparent(by?.traceparent);
    return request !== undefined && request.traceId === origin?.traceId ? origin : request;
  }

  function end(outcomes: readonly OperationOutcome[]): void {
    if (taskset === undefined) return;
    const failed = outcomes.some((outcome) => outcome.failed);
    const error = failed ? { errorType: 'OperationFailed' } : {};
    traces.ended({ ...taskset, end: Date.now(), ...error });
  }

  return {
    inbound: [
      {
        execute(input, next) {
          origin = asker = contextIn(input.headers);
          ref = input.args[0] as ClusterWorkflowInput;
          return next(input);
        },
        handleSignal(input, next) {
          if (input.signalName === CHANGED_SIGNAL) {
            asker = contextIn(input.headers) ?? asker;
            origin = asker ?? origin;
          }
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          const { activityType, args } = input;
          // What follows is no longer the last taskset's.
          if (activityType === 'takeWork') taskset = undefined;
          const done = next(input);
          const ignore = (): void => undefined;
          if (activityType === 'takeWork') {
            done.then((work) => begin(work as Work | Waiting | undefined), ignore);
          } else if (activityType === 'endTaskset') {
            done.then(() => end(args[2] as OperationOutcome[]), ignore);
          }
          return done;
        },
      },
      passing({ down: () => taskset?.context ?? origin, on: () => origin }),
    ],
  };
}

function passing({ down, on }: Passed): NonNullable<WorkflowInterceptors['outbound']>[number] {
  return {
    scheduleActivity: (input, next) => next(withContext(input, down())),
    scheduleLocalActivity: (input, next) => next(withContext(input, down())),
    startChildWorkflowExecution: (input, next) => next(withContext(input, down())),
    signalWorkflow: (input, next) => next(withContext(input, down())),
    continueAsNew: (input, next) => next(withContext(input, on())),
  };
}

/** What a run is called and is about: its first argument says so, where it is one of ours. */
function describeRun(input: unknown): { name: string; attributes: SpanAttributes } {
  const { workflowType, workflowId, runId } = workflowInfo();
  const said = (input ?? {}) as {
    ref?: OperationRef;
    hostname?: string;
    project?: string;
    name?: string;
  };
  const { ref, hostname } = said;
  return {
    name:
      ref === undefined
        ? `workflow ${workflowType}`
        : hostname === undefined
          ? `operation ${ref.operation}`
          : 'node',
    attributes: {
      ...subjectAttributes({
        project: ref?.project ?? said.project,
        cluster: ref?.name,
        taskset: ref?.tasksetId,
        operation: ref?.operation,
        node: hostname,
        requestId: ref?.requestId,
      }),
      [SpanAttribute.WorkflowId]: workflowId,
      [SpanAttribute.RunId]: runId,
    },
  };
}
