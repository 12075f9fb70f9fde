import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';

import { formatTraceparent, TRACE_HEADER, type TraceContext } from '../core/traceContext.js';
import type { SpanOptions, Tracing } from './tracing.js';

export interface WorkflowClientTraceOptions {
  /**
   * What is told begins a trace of its own, which names the one it goes back to: for work that tells thousands of
   * workflows.
   */
  ownTraces?: boolean;
}

/** Gives workflows that are started and signalled the context of what does so. */
export function traceWorkflowClient(
  tracing: Tracing,
  { ownTraces = false }: WorkflowClientTraceOptions = {},
): WorkflowClientInterceptor {
  const told = <T>(
    input: { readonly headers: Headers },
    name: string,
    go: (h: Headers) => Promise<T>,
  ) => {
    const options: SpanOptions = {
      ...{ name, kind: 'producer' },
      ...(ownTraces ? { parent: 'none', link: tracing.current() } : {}),
    };
    return tracing.span(options, ({ context }) => go(withHeader(input.headers, context)));
  };
  return {
    signalWithStart: (input, next) =>
      told(input, `SignalWithStartWorkflow:${input.workflowType}`, (headers) =>
        next({ ...input, headers }),
      ),
    signal: (input, next) =>
      told(input, `SignalWorkflow:${input.signalName}`, (headers) => next({ ...input, headers })),
  };
}

function withHeader(headers: Headers, context: TraceContext): Headers {
  const payload = defaultPayloadConverter.toPayload(formatTraceparent(context));
  return { ...headers, [TRACE_HEADER]: payload };
}
