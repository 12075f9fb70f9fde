import type { Logger } from '../activities/deps.js';
import type { Deployment } from './deployment.js';

/** Until Temporal knows our version: it does within a second of our first poll. */
const SOON_MS = 100;
const PATIENCE_MS = 20_000;
/** After a refusal, as when somebody else was faster; twice as long each time. */
const AGAIN_MS = 1_000;
const LOOK_MS = 30_000;
/** A look may miss workers that live: Temporal forgets who polled when it restarts, and shows one partition. */
const ABSENT_MS = 60_000;

export interface KeepCurrentOptions {
  buildId: string;
  log: Logger;
  /** Whether work comes to our version, at each look. */
  observe?: (isCurrent: boolean) => void;
  lookMs?: number;
  /** How long looks in a row have to find no worker of the current version. */
  absentMs?: number;
}

export interface KeptCurrent {
  /** It is known for the first time whether work comes to our version, or it was tried in vain. */
  settled: Promise<void>;
  stop(): void;
}

/**
 * Has Temporal send work to our version where it is ours to do: a version that never had work takes over as soon as it
 * polls. One that was replaced does not take work back from workers that live, however often it is started: a history
 * that newer code has written is not for older code. It comes back where none of them has polled for 90 s, or when told
 * (`worker/versions.js`). Workers of all versions look again every 30 s, so that work always goes to somebody; one look
 * is not enough to find that nobody is there.
 */
export function keepCurrent(
  deployment: Deployment,
  { buildId, log, observe, lookMs = LOOK_MS, absentMs = ABSENT_MS }: KeepCurrentOptions,
): KeptCurrent {
  const begun = Date.now();
  let settle = (): void => undefined;
  const settling = new Promise<void>((resolve) => (settle = resolve));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let was: string | undefined;
  let absentSince: number | undefined;
  let refusals = 0;

  /** Gives in how many milliseconds to look again. */
  async function look(): Promise<number> {
    const state = await deployment.read();
    const ours = state?.versions.find((version) => version.buildId === buildId);
    if (state === undefined || ours === undefined) {
      if (Date.now() - begun < PATIENCE_MS) return SOON_MS;
      throw new Error('Temporal does not know this version');
    }
    const { current, token } = state;
    observe?.(current === buildId);
    if (current !== was) {
      log.info({ buildId, current }, 'work goes to the current version');
      absentSince = undefined;
    }
    was = current;
    if (current === buildId) return settled(lookMs);
    if (ours.status !== 'new') {
      if (await hasWorkers(current)) absentSince = undefined;
      else absentSince ??= Date.now();
      if (absentSince === undefined) return settled(lookMs);
      if (Date.now() - absentSince < absentMs) return settled(Math.min(lookMs, absentMs / 4));
    }
    if (!stopped) await deployment.setCurrent(buildId, token);
    return 0;
  }

  function settled(next: number): number {
    settle();
    return next;
  }

  async function hasWorkers(version: string): Promise<boolean> {
    return (await deployment.workers()).some((worker) => worker.buildId === version);
  }

  async function go(): Promise<void> {
    const next = await look().then(
      (ms) => {
        refusals = 0;
        return ms;
      },
      (error: unknown) => {
        // Who polls is known anew once Temporal is back.
        absentSince = undefined;
        if (!stopped && refusals === 0) {
          log.warn({ buildId, error: String(error) }, 'no say in where work goes: trying again');
        }
        return settled(Math.min(lookMs, AGAIN_MS * 2 ** refusals++));
      },
    );
    if (!stopped) timer = setTimeout(() => void go(), next);
  }
  void go();
  return {
    settled: settling,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
