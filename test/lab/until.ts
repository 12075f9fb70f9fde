import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until there is an answer. @throws Error naming what was waited for, after `seconds`. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  everyMs = 200,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${String(seconds)} s for ${what}`);
    await delay(everyMs);
  }
}
