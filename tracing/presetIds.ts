import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace-node';

import type { TraceContext } from '../core/traceContext.js';

/** Random ids, but for spans that were given theirs in a workflow, where chance is not allowed. */
export class PresetIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #preset: TraceContext | undefined;

  /** A span that `start` starts has these ids. */
  during<T>(preset: TraceContext, start: () => T): T {
    this.#preset = preset;
    try {
      return start();
    } finally {
      this.#preset = undefined;
    }
  }

  generateTraceId = (): string => this.#preset?.traceId ?? this.#random.generateTraceId();
  generateSpanId = (): string => this.#preset?.spanId ?? this.#random.generateSpanId();
}
