/** Up to `limit` holders at once; further ones wait in order. */
export class Slots {
  #free: number;
  #failure: Error | undefined;
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves when a slot is held. The holder gives it back with `release`, once. */
  async acquire(): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#free++;
  }

  /** Nobody gets a slot any more; those who wait are refused with `error`. */
  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
