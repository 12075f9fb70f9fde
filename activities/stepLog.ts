import type { StepLogChunk } from '../core/records.js';
import type { ActivityDeps } from './deps.js';

/** Lines wait this long for company before they are written: people see them well under half a second. */
const FLUSH_MS = 200;
const FLUSH_LINES = 200;

export interface StepLog {
  /** Where reading goes on: everything before is in the store. */
  readonly offset: number;
  add(lines: string[], offset: number): void;
  /** Waits until everything is written. */
  close(): Promise<void>;
}

/** Collects a step's output and writes it in chunks, one after another, in order. */
export async function createStepLog(
  deps: ActivityDeps,
  of: Omit<StepLogChunk, 'offset' | 'lines' | 'at'>,
): Promise<StepLog> {
  const stored = await deps.store.logs.read({
    clusterId: of.clusterId,
    tasksetId: of.tasksetId,
    node: of.node,
    step: of.step,
  });
  const offset = stored
    .filter((chunk) => chunk.attempt === of.attempt)
    .reduce((last, chunk) => Math.max(last, chunk.offset), 0);
  let waiting: { lines: string[]; offset: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

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
      waiting = { lines: [...(waiting?.lines ?? []), ...lines], offset: upTo };
      if (waiting.lines.length >= FLUSH_LINES) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    },
    async close() {
      flush();
      await writing;
    },
  };
}
