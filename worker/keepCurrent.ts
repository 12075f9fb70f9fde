import type { Logger } from '../activities/deps.js';
import type { Deployment } from './deployment.js';

/** Until Temporal knows our version: it does within a second of our first poll. */
const SOON_MS = 100;
const PATIENCE_MS = 20_000;
/** After a refusal, as when somebody else was faster. */
const AGAIN_MS = 1_000;
const LOOK_MS = 30_000;

export interface KeepCurrentOptions {
  buildId: string;
  log: Logger;
  /** Whether work comes to our version, at each look. */
  observe?: (isCurrent: boolean) => void;
  lookMs?: number;
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
 * (`worker/versions.js`). Workers of all versions look again every 30 s, so that work always goes to somebody.
 */
export function keepCurrent(
  deployment: Deployment,
  { buildId, log, observe, lookMs = LOOK_MS }: KeepCurrentOptions,
): KeptCurrent {
  const begun = Date.now();
  let settle = (): void => undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let was: string | undefined;

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
    if (current !== was) log.info({ buildId, current }, 'work goes to the current version');
    was = current;
    if (current === buildId || (ours.status !== 'new' && (await hasWorkers(current)))) {
      settle();
      return lookMs;
    }
    if (!stopped) await deployment.setCurrent(buildId, token);
    return 0;
  }

  async function hasWorkers(version: string): Promise<boolean> {
    return (await deployment.workers()).some((worker) => worker.buildId === version);
  }

  async function go(): Promise<void> {
    const next = await look().catch((error: unknown) => {
      if (!stopped) {
        log.warn({ buildId, error: String(error) }, 'no say in where work goes yet: trying again');
      }
      settle();
      return AGAIN_MS;
    });
    if (!stopped) timer = setTimeout(() => void go(), next);
  }
  void go();
  return {
    settled,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
