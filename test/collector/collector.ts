import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { freePort } from '../../embedded/freePort.js';
import { until } from '../lab/until.js';

/** A span as the collector wrote it. */
export interface ReceivedSpan {
  /** Name of the service that sent it. */
  service: string;
  traceId: string;
  spanId: string;
  /** Empty: it begins the trace. */
  parentSpanId: string;
  name: string;
  attributes: Record<string, string>;
  /** In milliseconds since 1970. */
  start: number;
  end: number;
  failed: boolean;
  /** Of what was recorded on it. */
  events: { name: string; attributes: Record<string, string> }[];
}

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string;
  /** Ends when all that it took is written. */
  stop(): Promise<void>;
  /** All that it has written. */
  text(): Promise<string>;
  spans(): Promise<ReceivedSpan[]>;
}

/** Starts the collector; what it takes it writes into a file of `folder`. */
export async function startCollector(program: string, folder: string): Promise<Collector> {
  const endpoint = `127.0.0.1:${String(await freePort('127.0.0.1'))}`;
  const path = join(folder, 'traces.jsonl');
  const config = join(folder, 'collector.yaml');
  await writeFile(config, stringify(configuration(endpoint, path)));
  const child = spawn(program, ['--config', `file:${config}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  await until('the collector', 60, async () => {
    if (child.exitCode !== null) throw new Error('the collector ended, see above');
    const empty = { method: 'POST', headers: { 'content-type': 'application/x-protobuf' } };
    const answer = await fetch(`http://${endpoint}/v1/traces`, empty).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
  const text = (): Promise<string> => readFile(path, 'utf8');
  return {
    endpoint: `http://${endpoint}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
    text,
    spans: async () => (await text()).split('\n').filter(Boolean).flatMap(spansOf),
  };
}

function configuration(endpoint: string, path: string): object {
  return {
    receivers: { otlp: { protocols: { http: { endpoint } } } },
    exporters: { file: { path } },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } },
    },
  };
}

type Pairs = { key: string; value: { stringValue?: string; intValue?: string } }[] | undefined;

interface WrittenSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Pairs;
  status: { code?: number };
  events?: { name: string; attributes?: Pairs }[];
}

/** https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ */
function spansOf(line: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(line) as {
    resourceSpans: { resource: { attributes: Pairs }; scopeSpans: { spans: WrittenSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service: record(resource.attributes)['service.name'] ?? '',
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        attributes: record(span.attributes),
        start: Number(span.startTimeUnixNano) / 1e6,
        end: Number(span.endTimeUnixNano) / 1e6,
        failed: span.status.code === 2,
        events: (span.events ?? []).map(({ name, attributes }) => ({
          name,
          attributes: record(attributes),
        })),
      })),
    ),
  );
}

function record(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(
    (pairs ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']),
  );
}
