/** Lets `perSecond` callers through per second, with bursts of as many; the others wait their turn in order. */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** When the next token is due. */
  #next = -Infinity;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = 1000;
  }

  async take(): Promise<void> {
    const now = performance.now();
    this.#next = Math.max(this.#next, now - this.#burstMs) + this.#intervalMs;
    const wait = this.#next - now;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
