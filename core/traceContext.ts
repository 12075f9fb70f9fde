/** Where a span stands: the context that requests and workflows pass on, as W3C's Trace Context has it. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Whether spans of this trace are sent. */
  sampled: boolean;
}

/** The header of HTTP requests and of Temporal's messages that holds it. */
export const TRACE_HEADER = 'traceparent';

/** https://www.w3.org/TR/trace-context/#version-format: later versions may have more fields at the end. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** What a `traceparent` says; undefined where it is none. */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    (typeof text === 'string' ? TRACEPARENT.exec(text) : undefined) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** What spans say of what they are about: bounded words and names, nothing that was sent or said. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A span of a workflow, told when it has ended. Times are milliseconds since 1970. */
export interface EndedSpan {
  name: string;
  context: TraceContext;
  /** Undefined: the trace begins here. */
  parent?: TraceContext;
  start: number;
  end: number;
  attributes: SpanAttributes;
  /** The class of the error that it ended with. */
  errorType?: string;
}

/** The names of attributes, the same on every span that says the thing. */
export const SpanAttribute = {
  Project: 'plinth.project',
  Cluster: 'plinth.cluster',
  Taskset: 'plinth.taskset',
  Operation: 'plinth.operation',
  Node: 'plinth.node',
  Step: 'plinth.step',
  Attempt: 'plinth.attempt',
  Outcome: 'plinth.outcome',
  RequestId: 'plinth.request_id',
  ErrorType: 'error.type',
  /** As Temporal's own SDKs name them. */
  WorkflowId: 'temporalWorkflowID',
  RunId: 'temporalRunID',
} as const;

/** What a reference says of what it is about, as attributes; what it does not say is left out. */
export function subjectAttributes(subject: {
  project?: string | undefined;
  cluster?: string | undefined;
  taskset?: string | undefined;
  operation?: string | undefined;
  node?: string | undefined;
  step?: string | undefined;
  requestId?: string | undefined;
}): SpanAttributes {
  const found = {
    [SpanAttribute.Project]: subject.project,
    [SpanAttribute.Cluster]: subject.cluster,
    [SpanAttribute.Taskset]: subject.taskset,
    [SpanAttribute.Operation]: subject.operation,
    [SpanAttribute.Node]: subject.node,
    [SpanAttribute.Step]: subject.step,
    [SpanAttribute.RequestId]: subject.requestId,
  };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
