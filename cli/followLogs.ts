import { setTimeout as delay } from 'node:timers/promises';

import { CliError, type StreamingClient } from './client.js';

export interface LogFilter {
  node?: string;
  step?: string;
  attempt?: string;
  /** Only lines that hold this, in whatever case. */
  q?: string;
}

export interface FollowOptions {
  client: StreamingClient;
  /** Of the taskset. */
  path: string;
  filter: LogFilter;
  out: (line: string) => void;
  /** Ends the following; nothing is cancelled on the server. */
  signal: AbortSignal;
}

interface Lines {
  operation: string;
  node: string;
  step: string;
  /** The other node that it was done for, through this one. */
  subject?: string;
  attempt: number;
  /** Where the lines end in the run's output, in bytes. */
  offset: number;
  lines: string[];
}

/** A server that restarts, or a proxy that cuts streams, is come back to for this long. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** Prints what the steps write as it comes, `node step | line`, until the taskset has ended. */
export async function followLogs({ client, path, filter, ...options }: FollowOptions) {
  const { out, signal } = options;
  const query = new URLSearchParams({ ...filter }).toString();
  // Coming back, the last second may be told again.
  const printed = new Map<string, number>();
  let lastId: string | undefined;
  let heardAt = Date.now();
  while (!signal.aborted) {
    try {
      const onHeard = (): void => void (heardAt = Date.now());
      const from = `${path}/logs/events?${query}`;
      for await (const event of client.events(from, { lastId, signal, onHeard })) {
        if (event.event === 'end') return;
        if (event.event !== 'lines') continue;
        lastId = event.id ?? lastId;
        const of = JSON.parse(event.data) as Lines;
        const { offset, lines } = of;
        const run = [of.operation, of.node, of.step, of.subject, of.attempt].join('/');
        if (offset <= (printed.get(run) ?? 0)) continue;
        printed.set(run, offset);
        if (lines.length > 0) out(lines.map((line) => `${whoseLine(of)} | ${line}`).join('\n'));
      }
    } catch (error) {
      const passing = error instanceof CliError && (error.status ?? 500) >= 500;
      if (!passing || Date.now() - heardAt > PATIENCE_MS) throw error;
    }
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

function whoseLine({ node, step, subject, attempt }: Lines): string {
  const forWhom = subject === undefined ? '' : ` for ${subject}`;
  return `${node} ${step}${forWhom}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
}
