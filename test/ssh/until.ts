import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `check` is true. @throws Error naming `what` when it is not within `ms`. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${String(ms)} ms: ${what}`);
    await delay(20);
  }
}
