import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LineReader } from './lineReader.js';

const texts = (lines: { text: string }[]): string[] => lines.map(({ text }) => text);

describe('reading lines', () => {
  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replace(/[\r\n]/g, ''))),
        fc.array(fc.nat(40)),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const reader = new LineReader();
          const read: string[] = [];
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            read.push(...texts(reader.push(bytes.subarray(at, at + cut))));
            at += cut;
          }
          expect(read).toEqual(lines);
          expect(reader.offset).toBe(bytes.length);
        },
      ),
    );
  });

  it('tells the byte offset after each line, from where it began', () => {
    expect(new LineReader(100).push(Buffer.from('é\nab\n'))).toEqual([
      { text: 'é', offset: 103 },
      { text: 'ab', offset: 106 },
    ]);
  });

  it('keeps a last line that has no newline', () => {
    const reader = new LineReader();
    expect(texts(reader.push(Buffer.from('a\nb')))).toEqual(['a']);
    expect(reader.end()).toEqual([{ text: 'b', offset: 3 }]);
  });

  it('cuts an endless line, never inside a character, and counts all its bytes', () => {
    const reader = new LineReader(0, 5);
    expect(reader.push(Buffer.from('äöüß and more\nnext\n'))).toEqual([
      { text: 'äö', offset: 18 },
      { text: 'next', offset: 23 },
    ]);
  });
});
