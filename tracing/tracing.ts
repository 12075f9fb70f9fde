import type { EndedSpan, SpanAttributes, TraceContext } from '../core/traceContext.js';

/**
 * Traces, as the API and the worker need them; which library makes and sends them is not their business. Where no
 * traces are wanted there is no `Tracing`, and nothing of it is loaded.
 */
export interface Tracing {
  /**
   * Does `work` in a span, which ends when it ends; spans and log lines that come about in it are the span's. What
   * `work` throws is thrown on, and marks the span as failed unless `work` has said how it ended.
   */
  span<T>(options: SpanOptions, work: (span: LiveSpan) => Promise<T>): Promise<T>;
  /** Does `work` in a span that another process, or a workflow, has: its log lines say so. */
  within<T>(context: TraceContext, work: () => T): T;
  /** The span that is under way here. */
  current(): TraceContext | undefined;
  /** Sends a span that has its ids and times already. */
  record(span: EndedSpan): void;
  /** For log lines: `trace_id` and `span_id` of what is under way. */
  logFields(): { trace_id?: string; span_id?: string };
  /** Sends what is left, for at most 5 s. */
  stop(): Promise<void>;
}

export interface SpanOptions {
  name: string;
  kind: 'server' | 'producer' | 'internal';
  /** Default: the span that is under way here. `none`: it begins a trace. */
  parent?: TraceContext | 'none' | undefined;
  /** Another trace that this one goes back to. */
  link?: TraceContext | undefined;
  attributes?: SpanAttributes;
}

/** A span that is under way. */
export interface LiveSpan {
  readonly context: TraceContext;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** `type`: the error's class. `message`: words that hold no secret; absent: none are sent. */
  fail(type: string, message?: string): void;
}
