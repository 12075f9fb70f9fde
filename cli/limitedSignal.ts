export interface LimitedSignal {
  signal: AbortSignal;
  /** Lets go of what it waits for; it does not abort any more. */
  end: () => void;
}

/**
 * Aborts after that many milliseconds, or with `by`; it keeps no process alive. Not by `AbortSignal.any`, which a signal
 * that lasts for hours remembers for each of its requests.
 */
export function limitedSignal(ms: number, by?: AbortSignal): LimitedSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms).unref();
  if (by?.aborted === true) abort();
  by?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      by?.removeEventListener('abort', abort);
    },
  };
}
