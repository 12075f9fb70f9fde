import { defaultPayloadConverter } from '@temporalio/common';
import type { Headers } from '@temporalio/workflow';

import {
  formatTraceparent,
  parseTraceparent,
  TRACE_HEADER,
  type TraceContext,
} from '../core/traceContext.js';

/** The context that a message of Temporal's brought. */
export function contextIn(headers: Headers): TraceContext | undefined {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return undefined;
  return parseTraceparent(defaultPayloadConverter.fromPayload(payload));
}

/** The message with this context. */
export function withContext<T extends { readonly headers: Headers }>(
  input: T,
  context: TraceContext | undefined,
): T {
  if (context === undefined) return input;
  const payload = defaultPayloadConverter.toPayload(formatTraceparent(context));
  return { ...input, headers: { ...input.headers, [TRACE_HEADER]: payload } };
}

/** A span whose ids follow from what it is of, which is unique: a replay has the same ones. Without a parent it begins a trace. */
export function childOf(parent: TraceContext | undefined, of: string): TraceContext {
  return {
    traceId: parent?.traceId ?? hash64(`trace of ${of}`) + hash64(`${of} of trace`),
    spanId: hash64(of),
    sampled: parent?.sampled ?? true,
  };
}

/** FNV-1a: 16 hexadecimal digits. Node's hashes are not to be had in a workflow. */
function hash64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const sign of text) {
    hash ^= BigInt(sign.codePointAt(0) ?? 0);
    hash = (hash * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}
