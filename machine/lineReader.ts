const NEWLINE = 0x0a;

/** Cuts a byte stream into lines of text, with the byte offset after each. Bytes are split before they are decoded, so that no character breaks. */
export class LineReader {
  readonly #maxBytes: number;
  #line: Buffer[] = [];
  #kept = 0;
  /** Bytes of the stream up to the end of the last whole line. */
  offset: number;
  #seen: number;

  constructor(offset = 0, maxBytes = 4096) {
    this.offset = offset;
    this.#seen = offset;
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes; longer ones than `maxBytes` are cut. */
  push(chunk: Buffer): { text: string; offset: number }[] {
    const lines: { text: string; offset: number }[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at));
      this.#seen += at + 1 - from;
      this.offset = this.#seen;
      lines.push({ text: this.#take(), offset: this.offset });
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
    this.#seen += chunk.length - from;
    return lines;
  }

  /** A last line without a newline, if there is one. */
  end(): { text: string; offset: number }[] {
    if (this.#seen === this.offset) return [];
    this.offset = this.#seen;
    return [{ text: this.#take(), offset: this.offset }];
  }

  #keep(part: Buffer): void {
    const room = this.#maxBytes - this.#kept;
    if (room <= 0 || part.length === 0) return;
    // Copied: a slice would keep its whole chunk in memory for as long as the line is open.
    this.#line.push(Buffer.from(part.subarray(0, room)));
    this.#kept += Math.min(part.length, room);
  }

  #take(): string {
    const text = new TextDecoder().decode(Buffer.concat(this.#line));
    const cut = this.#kept >= this.#maxBytes ? text.replace(/\uFFFD$/, '') : text;
    this.#line = [];
    this.#kept = 0;
    return cut.replace(/\r$/, '');
  }
}
