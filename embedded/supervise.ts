import { setTimeout as delay } from 'node:timers/promises';

import type { ServerProcess } from './serverProcess.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** One that lived this long is restarted at once when it ends. */
const HEALTHY_MS = 60_000;

export interface SuperviseOptions<T extends ServerProcess> {
  name: string;
  /** Called for the first start and for every further one. */
  start: () => Promise<T>;
  /** One line for people. */
  say: (line: string) => void;
  /** For tests. Default 250 ms, doubled up to 10 s. */
  firstPauseMs?: number;
}

export interface Supervised<T> {
  /** The one that runs now, or ran last. */
  current(): T;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** Starts a process and starts it again whenever it ends. Rejects when its very first start fails. */
export async function supervise<T extends ServerProcess>(
  options: SuperviseOptions<T>,
): Promise<Supervised<T>> {
  let current = await options.start();
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;

  const watch = async (): Promise<void> => {
    let pause = options.firstPauseMs ?? FIRST_PAUSE_MS;
    let startedAt = Date.now();
    for (;;) {
      await current.ended;
      if (isStopping()) return;
      if (Date.now() - startedAt > HEALTHY_MS) pause = options.firstPauseMs ?? FIRST_PAUSE_MS;
      options.say(`${options.name} ended: starting it again`);
      for (;;) {
        await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        if (isStopping()) return;
        try {
          current = await options.start();
          break;
        } catch (error) {
          options.say(error instanceof Error ? error.message : String(error));
        }
      }
      startedAt = Date.now();
      options.say(`${options.name} is back`);
      // It may have been stopped while it started.
      if (isStopping()) await current.stop();
    }
  };
  const watching = watch();
  return {
    current: () => current,
    async stop() {
      stopping.abort();
      await current.stop();
      await watching;
    },
  };
}
