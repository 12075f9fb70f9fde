import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jsonDefect } from './jsonDefect.js';

const CHANGES = ['{', '}', '[', ']', '"', ',', ':', '0', ' ', 'a', '\\', '-', '.', 'e', '\n'];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('jsonDefect', () => {
  test.each([
    ['', 0],
    ['{', 1],
    ['{"a":}', 5],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['"abc', 0],
    ['"a\\x"', 0],
    ['01', 1],
    ['1 2', 2],
    ['{"a":[1,2}', 9],
    ['nul', 0],
    ["{'a':1}", 1],
  ])('finds the first defect of %j at %d', (text, offset) => {
    expect(jsonDefect(text)?.offset).toBe(offset);
  });

  test('finds nothing in any JSON, however it is laid out', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(4), (text, indent) => {
        const laidOut = JSON.stringify(JSON.parse(text), null, indent);
        return jsonDefect(text) === undefined && jsonDefect(laidOut) === undefined;
      }),
    );
  });

  test('agrees with JSON.parse on what is JSON, for JSON with one character changed', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom(...CHANGES), (text, at, char) => {
        const index = at % (text.length + 1);
        const changed = text.slice(0, index) + char + text.slice(index + 1);
        return isJson(changed) === (jsonDefect(changed) === undefined);
      }),
      { numRuns: 1000 },
    );
  });
});
