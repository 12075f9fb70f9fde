import { setTimeout as delay } from 'node:timers/promises';

import type { StepName } from '../core/steps.js';
import { TasksetStatus } from '../core/words.js';
import { CliError, type Client } from './client.js';
import type { NodeStep, Taskset } from './taskset.js';

export interface LogFilter {
  node?: string;
  step?: string;
}

export interface FollowOptions {
  client: Client;
  /** Of the taskset. */
  path: string;
  filter: LogFilter;
  out: (line: string) => void;
  signal: AbortSignal;
  /** Default: half a second. */
  everyMs?: number;
}

const EVERY_MS = 500;
/** A server that restarts is waited for this long. */
const PATIENCE_MS = 60_000;
/** Requests at once. */
const AT_ONCE = 10;
const HEAD = /^==> (\S+): node (\S+), step (\S+), attempt (\d+)$/;

interface Source {
  node: string;
  step: StepName;
  state: string;
  attempt: number;
}

/**
 * Prints what the steps write as it comes, `node step | line`, until the taskset has ended. Only steps that run, or
 * have ended since the last look, are asked for: the cost is that of what happens, not of what was.
 */
export async function followLogs(options: FollowOptions): Promise<void> {
  const { client, path, signal } = options;
  const printer = createPrinter(options);
  const settled = new Set<string>();
  let reachedAt = Date.now();
  for (;;) {
    try {
      const taskset = await client.getJson<Taskset>(path);
      const sources = sourcesOf(taskset, options.filter).filter((one) => !settled.has(keyOf(one)));
      for (let from = 0; from < sources.length && !signal.aborted; from += AT_ONCE) {
        const some = sources.slice(from, from + AT_ONCE);
        const texts = await Promise.all(some.map((one) => client.getText(logPath(path, one))));
        some.forEach((one, index) => {
          printer(one, texts[index] ?? '');
          // A step that ended before it was asked for has said all that it will.
          if (one.state !== 'running') settled.add(keyOf(one));
        });
      }
      reachedAt = Date.now();
      if (taskset.status === TasksetStatus.Complete || taskset.status === TasksetStatus.Failed) {
        return;
      }
    } catch (error) {
      const passing = error instanceof CliError && (error.status ?? 500) >= 500;
      if (!passing || Date.now() - reachedAt > PATIENCE_MS) throw error;
    }
    await delay(options.everyMs ?? EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** In the order of the operations. */
function sourcesOf({ operations }: Taskset, { node, step }: LogFilter): Source[] {
  const found = new Map<string, Source>();
  for (const { nodes } of operations) {
    for (const { hostname, steps } of nodes) {
      if (node !== undefined && node !== hostname) continue;
      for (const { name, state, attempt = 1 } of steps as (NodeStep & { attempt?: number })[]) {
        if (state === 'pending' || state === 'skipped') continue;
        if (step !== undefined && step !== name) continue;
        const one = { node: hostname, step: name, state, attempt };
        found.set(keyOf(one), one);
      }
    }
  }
  return [...found.values()];
}

function keyOf({ node, step, state, attempt }: Source): string {
  return `${node}/${step}/${state}/${attempt}`;
}

function logPath(path: string, { node, step }: Source): string {
  return `${path}/logs?${new URLSearchParams({ node, step }).toString()}`;
}

/** Remembers how much of each source was printed: the answer is always the whole. */
function createPrinter({ out }: FollowOptions): (source: Source, text: string) => void {
  const printed = new Map<string, number[]>();
  return ({ node, step }, text) => {
    const key = `${node}/${step}`;
    const counts = printed.get(key) ?? [];
    printed.set(key, counts);
    runsOf(text).forEach(({ head, lines }, run) => {
      const known = counts[run];
      const from = known ?? 0;
      // Of a second attempt the first thing to know is that there is one.
      if (known === undefined && run > 0) out(`${node} ${step} | ${head ?? ''}`);
      for (const line of lines.slice(from)) out(`${node} ${step} | ${line}`);
      counts[run] = lines.length;
    });
  };
}

/** Attempts in their order; the only one has no line above it. */
function runsOf(text: string): { head?: string; lines: string[] }[] {
  if (text === '') return [];
  const runs: { head?: string; lines: string[] }[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (HEAD.test(line)) runs.push({ head: line, lines: [] });
    else {
      if (runs.length === 0) runs.push({ lines: [] });
      runs.at(-1)?.lines.push(line);
    }
  }
  return runs;
}
