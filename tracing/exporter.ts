import { ExportResultCode } from '@opentelemetry/core';
import type { SpanExporter } from '@opentelemetry/sdk-trace-node';

import type { TracingLog } from './startTracing.js';

/** Says once that spans are not taken, and once that they are again: a collector may be away for a night. */
export function sayingOnce(exporter: SpanExporter, log: TracingLog): SpanExporter {
  let failing = false;
  return {
    export(spans, told) {
      exporter.export(spans, (result) => {
        const failed = result.code === ExportResultCode.FAILED;
        if (failed && !failing) {
          log.warn(
            { error: result.error?.message },
            'the OpenTelemetry collector does not take traces: they are lost until it does',
          );
        }
        if (!failed && failing) log.info({}, 'the OpenTelemetry collector takes traces again');
        failing = failed;
        told(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
