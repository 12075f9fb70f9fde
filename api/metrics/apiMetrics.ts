import { Gauge, Histogram, Registry } from 'prom-client';

import type { ApiDeps } from '../deps.js';
import type { StreamLimit } from '../streamLimit.js';
import { createStateCounts } from './stateCounts.js';

/** From a status out of memory to a list of everything, in seconds. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

interface AnsweredRequest {
  method: string;
  /** The route's pattern, never the path: labels are bounded. */
  route: string;
  status: number;
  /** Until the answer's head, in seconds: an event stream does not end. */
  seconds: number;
}

export interface ApiMetrics {
  answered(request: AnsweredRequest): void;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What `/metrics` of an API process shows; docs/metrics.md is the list. */
export function createApiMetrics(
  { registry = new Registry(), ...deps }: Pick<ApiDeps, 'store' | 'log' | 'registry' | 'config'>,
  streams: StreamLimit,
): ApiMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'plinth_http_request_duration_seconds',
    help: 'From the request to the head of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'plinth_event_streams',
    help: 'Event streams that are open.',
    registers,
    collect() {
      this.set(streams.count());
    },
  });
  new Gauge({
    name: 'plinth_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version: deps.config.version }, 1);
  const counts = createStateCounts(deps, registers);
  return {
    contentType: registry.contentType,
    answered: ({ method, route, status, seconds }) => {
      requests.observe({ method, route, status: String(status) }, seconds);
    },
    async text() {
      await counts.refresh();
      return registry.metrics();
    },
  };
}
