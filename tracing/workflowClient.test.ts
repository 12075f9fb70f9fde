import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';

import { formatTraceparent } from '../core/traceContext.js';
import { fakeTracing } from '../test/tracing/fakeTracing.js';
import { traceWorkflowClient, type WorkflowClientTraceOptions } from './workflowClient.js';

/** Signals a workflow from within a span; gives what was told and what was sent. */
async function signalled(options?: WorkflowClientTraceOptions) {
  const tracing = fakeTracing();
  const { signal } = traceWorkflowClient(tracing, options);
  let sent: unknown;
  const input = { signalName: 'changed', args: [], headers: {}, workflowExecution: {} };
  await tracing.span({ name: 'outer', kind: 'server', parent: 'none' }, () =>
    signal!(input as never, async ({ headers }) => {
      sent = defaultPayloadConverter.fromPayload(headers['traceparent']!);
    }),
  );
  const [span, outer] = tracing.ended;
  return { span: span!, outer: outer!, sent };
}

test('what is signalled is told of the span that does so', async () => {
  const { span, outer, sent } = await signalled();
  expect(span).toMatchObject({ name: 'SignalWorkflow:changed', parent: outer.context });
  expect(sent).toBe(formatTraceparent(span.context));
});

test('or of a trace of its own, with a link back', async () => {
  const { span, outer, sent } = await signalled({ ownTraces: true });
  expect(span).toMatchObject({ parent: undefined, link: outer.context });
  expect(span.context.traceId).not.toBe(outer.context.traceId);
  expect(sent).toBe(formatTraceparent(span.context));
});
