import type { StepLogChunk } from '../core/records.js';
import type { ActivityDeps } from './deps.js';

/** Lines wait this long for company before they are written: people see them well under half a second. */
const FLUSH_MS = 200;
const FLUSH_LINES = 200;
/** More of one run is not stored: a script that repeats itself would fill the database. */
const RUN_BYTES = 16 * 2 ** 20;

export interface StepLog {
  /** Where reading goes on: everything before is in the store. */
  readonly offset: number;
  add(lines: string[], offset: number): void;
  /** Waits until everything is written. */
  close(): Promise<void>;
}

/**
 * Collects a step's output and writes it in chunks, one after another, in order. `isNew`: nobody can have stored any of
 * it, so that nobody has to look.
 */
export async function createStepLog(
  deps: Pick<ActivityDeps, 'store' | 'log'>,
  of: Omit<StepLogChunk, 'offset' | 'lines' | 'at'>,
  { isNew = false }: { isNew?: boolean } = {},
): Promise<StepLog> {
  const { clusterId, tasksetId, node, step } = of;
  const stored = isNew ? [] : await deps.store.logs.read({ clusterId, tasksetId, node, step });
  const offset = stored
    .filter((chunk) => chunk.attempt === of.attempt && chunk.subject === of.subject)
    .reduce((last, chunk) => Math.max(last, chunk.offset), 0);
  let waiting: { lines: string[]; offset: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  // Beyond the limit nothing of this run was stored but the line that says so.
  let full = offset > RUN_BYTES;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const chunk = waiting;
    waiting = undefined;
    if (chunk === undefined) return;
    writing = writing.then(() =>
      deps.store.logs
        .append({ ...of, ...chunk, at: new Date().toISOString() })
        .catch((error: unknown) => {
          // A step is never failed for its log: the machine keeps the output, the next attempt reads on.
          deps.log.warn({ err: error, node: of.node, step: of.step }, 'step output not stored');
        }),
    );
  };

  return {
    offset,
    add(lines, upTo) {
      if (full) return;
      full = upTo > RUN_BYTES;
      const kept = full ? [`… the rest is not kept here: see ${onMachine(of)}`] : lines;
      waiting = { lines: [...(waiting?.lines ?? []), ...kept], offset: upTo };
      if (full) flush();
      else if (waiting.lines.length >= FLUSH_LINES) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    },
    async close() {
      flush();
      await writing;
    },
  };
}

/** Where the whole output of a run lies as long as the machine keeps it. */
function onMachine({ node, tasksetId, step }: Pick<StepLogChunk, 'node' | 'tasksetId' | 'step'>) {
  return `/var/lib/plinth/runs/${tasksetId}-${step}-*/out on ${node}`;
}
