import { setTimeout as delay } from 'node:timers/promises';

/** Lets `perSecond` callers through per second, with bursts of as many; the others wait their turn in order. */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** When the next token is due. */
  #next = 0;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = 1000;
  }

  async take(): Promise<void> {
    const now = performance.now();
    this.#next = Math.max(this.#next, now - this.#burstMs) + this.#intervalMs;
    if (this.#next > now) await delay(this.#next - now);
  }
}
