import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Headers } from '@temporalio/common';

import { withContext } from '../workflows/spanContext.js';
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
  const told = <Input extends { readonly headers: Headers }, T>(
    input: Input,
    name: string,
    next: (input: Input) => Promise<T>,
  ): Promise<T> => {
    const options: SpanOptions = {
      ...{ name, kind: 'producer' },
      ...(ownTraces ? { parent: 'none', link: tracing.current() } : {}),
    };
    return tracing.span(options, ({ context }) => next(withContext(input, context)));
  };
  return {
    signalWithStart: (input, next) =>
      told(input, `SignalWithStartWorkflow:${input.workflowType}`, next),
    signal: (input, next) => told(input, `SignalWorkflow:${input.signalName}`, next),
  };
}
