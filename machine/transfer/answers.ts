import type { Receivers } from '../connection.js';
import { LineReader } from '../lineReader.js';

const NOISE_CAP = 4096;

/** The receiving script's answers, one by one: its lines are led by a nonce, everything else is noise. */
export class Answers implements Receivers {
  readonly nonce: string;
  /** What else came: sudo's or the shell's complaints. */
  noise = '';
  #failure: Error | undefined;
  readonly #lines = new LineReader();
  readonly #queue: string[][] = [];
  #wake: (() => void) | undefined;

  constructor(nonce: string) {
    this.nonce = nonce;
  }

  readonly stdout = (chunk: Buffer): void => {
    for (const { text } of this.#lines.push(chunk)) {
      const [lead, ...words] = text.split(' ');
      if (lead === this.nonce) this.#queue.push(words);
    }
    this.#wake?.();
  };

  readonly stderr = (chunk: Buffer): void => {
    this.noise = (this.noise + chunk.toString()).slice(0, NOISE_CAP);
  };

  /** No further answer can come. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  check(): void {
    if (this.#failure) throw this.#failure;
  }

  async next(): Promise<string[]> {
    for (;;) {
      const first = this.#queue.shift();
      if (first) return first;
      this.check();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
