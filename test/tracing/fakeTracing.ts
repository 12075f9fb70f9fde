import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

import type { EndedSpan, SpanAttributes, TraceContext } from '../../core/traceContext.js';
import type { SpanOptions, Tracing } from '../../tracing/tracing.js';

/** A span as it was told. */
export interface ToldSpan {
  name: string;
  context: TraceContext;
  parent: TraceContext | undefined;
  link: TraceContext | undefined;
  attributes: SpanAttributes;
  failure?: { type: string; message: string | undefined };
}

export interface FakeTracing extends Tracing {
  /** In the order in which they ended. */
  ended: ToldSpan[];
  /** Of workflows. */
  recorded: EndedSpan[];
}

/** Traces that are kept, and sent nowhere. */
export function fakeTracing(): FakeTracing {
  const here = new AsyncLocalStorage<TraceContext>();
  const ended: ToldSpan[] = [];
  const recorded: EndedSpan[] = [];
  const parentOf = ({ parent }: SpanOptions): TraceContext | undefined =>
    parent === 'none' ? undefined : (parent ?? here.getStore());
  return {
    ended,
    recorded,
    async span(options, work) {
      const parent = parentOf(options);
      const context = {
        traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        sampled: parent?.sampled ?? true,
      };
      const { name, link, attributes = {} } = options;
      const span: ToldSpan = { name, context, parent, link, attributes };
      try {
        return await here.run(context, () =>
          work({
            context,
            rename: (to) => void (span.name = to),
            set: (more) => void (span.attributes = { ...span.attributes, ...more }),
            fail: (type, message) => void (span.failure = { type, message }),
          }),
        );
      } finally {
        ended.push(span);
      }
    },
    within: (context, work) => here.run(context, work),
    current: () => here.getStore(),
    record: (span) => void recorded.push(span),
    logFields() {
      const context = here.getStore();
      return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
    },
    stop: () => Promise.resolve(),
  };
}
