import type { Tracing } from './tracing.js';

/** Where tracing tells of its own troubles. */
export interface TracingLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

export interface TracingOptions {
  /** Name of the service unless OTEL_SERVICE_NAME says another one. */
  service: string;
  version: string;
  /** Told once when the collector does not take spans, and when it does again. */
  log: TracingLog;
}

/**
 * Traces by OTLP (http/protobuf) to where OpenTelemetry's own environment variables say, with their sampler, headers,
 * queue and resource. The library is loaded here, not before.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { openTelemetry } = await import('./openTelemetry.js');
  return openTelemetry(options);
}
