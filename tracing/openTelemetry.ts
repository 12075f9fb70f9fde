import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

import {
  context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

import { AppError } from '../core/errors.js';
import { SpanAttribute, type TraceContext } from '../core/traceContext.js';
import { sayingOnce } from './exporter.js';
import { PresetIds } from './presetIds.js';
import type { TracingLog, TracingOptions } from './startTracing.js';
import type { LiveSpan, Tracing } from './tracing.js';

/** A process that ends does not wait longer for a collector that is not there. */
const STOP_MS = 5_000;
const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
} as const;

/** One in a process: it registers itself for the whole of it. */
export function openTelemetry({ service, version, ...options }: TracingOptions): Tracing {
  const log = outsideOfSpans(options.log);
  reportProblems(log);
  const ids = new PresetIds();
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'service.instance.id': `${hostname()}:${String(process.pid)}`,
    }).merge(detectResources({ detectors: [envDetector] })),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(sayingOnce(new OTLPTraceExporter(), log))],
  });
  provider.register({ propagator: null });
  const tracer = provider.getTracer('plinth', version);

  return {
    span({ name, kind, parent, link, attributes = {} }, work) {
      const links = link === undefined ? [] : [{ context: toSpanContext(link) }];
      const options = { kind: KINDS[kind], attributes: { ...attributes }, links };
      return tracer.startActiveSpan(name, options, parentOf(parent), async (span) => {
        const live = liveSpan(span);
        try {
          return await work(live);
        } catch (error) {
          if (!live.hasFailed()) live.fail(typeOf(error));
          throw error;
        } finally {
          span.end();
        }
      });
    },
    within: (from, work) => context.with(parentOf(from), work),
    current: () => ofSpan(trace.getActiveSpan()),
    record({ name, context: own, parent, start, end, attributes, errorType }) {
      const options = { kind: SpanKind.INTERNAL, attributes: { ...attributes }, startTime: start };
      const span = ids.during(own, () =>
        tracer.startSpan(name, options, parentOf(parent ?? 'none')),
      );
      if (errorType !== undefined) liveSpan(span).fail(errorType);
      span.end(end);
    },
    logFields() {
      const here = ofSpan(trace.getActiveSpan());
      return here === undefined ? {} : { trace_id: here.traceId, span_id: here.spanId };
    },
    async stop() {
      const late = new AbortController();
      const sent = provider.shutdown().catch(() => undefined);
      await Promise.race([sent, delay(STOP_MS, undefined, { signal: late.signal })]);
      late.abort();
    },
  };
}

/** Troubles of tracing show in some request's span, and have nothing to do with it. */
function outsideOfSpans(log: TracingLog): TracingLog {
  return {
    info: (fields, text) => context.with(ROOT_CONTEXT, () => log.info(fields, text)),
    warn: (fields, text) => context.with(ROOT_CONTEXT, () => log.warn(fields, text)),
  };
}

/** What the library has to say, such as a sampler that there is not: each thing once. */
function reportProblems(log: TracingLog): void {
  const said = new Set<string>();
  const say = (...words: unknown[]): void => {
    const text = words.filter((word) => typeof word === 'string').join(': ');
    const kind = text.replaceAll(/\d+/g, '');
    if (said.has(kind)) return;
    said.add(kind);
    log.warn({}, `OpenTelemetry: ${text}`);
  };
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  // Of spans that could not be sent: the exporter has told it.
  setGlobalErrorHandler(quiet);
}

function liveSpan(span: Span): LiveSpan & { hasFailed(): boolean } {
  let failed = false;
  return {
    context: ofContext(span.spanContext()),
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes({ ...attributes }),
    hasFailed: () => failed,
    fail(type, message) {
      failed = true;
      span.setAttribute(SpanAttribute.ErrorType, type);
      span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? type });
      const words = message === undefined ? {} : { 'exception.message': message };
      span.addEvent('exception', { 'exception.type': type, ...words });
    },
  };
}

function parentOf(parent: TraceContext | 'none' | undefined): Context {
  if (parent === undefined) return context.active();
  if (parent === 'none') return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
}

function toSpanContext({ traceId, spanId, sampled }: TraceContext): SpanContext {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId, spanId, traceFlags, isRemote: true };
}

function ofContext({ traceId, spanId, traceFlags }: SpanContext): TraceContext {
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

function ofSpan(span: Span | undefined): TraceContext | undefined {
  return span === undefined ? undefined : ofContext(span.spanContext());
}

/** Never an error's words: whose they are is not known here. */
function typeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  return error instanceof Error ? error.name : 'Error';
}
