/** Where a text stops being JSON, and why. */
export interface JsonDefect {
  offset: number;
  reason: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids bare control characters in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;
const WORD = /true|false|null/y;

/**
 * Finds the first place where a text is not JSON: V8's own error names no position for many defects.
 * For texts that JSON.parse refused; undefined when it finds nothing wrong.
 */
export function jsonDefect(text: string): JsonDefect | undefined {
  // A stack of our own: a body of a million brackets must not end the process's.
  const open: ('{' | '[')[] = [];
  let at = 0;
  let expect: 'value' | 'value or ]' | 'key' | 'key or }' | 'comma or end' = 'value';
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return false;
    at += found[0].length;
    return true;
  };
  const bad = (reason: string): JsonDefect => ({ offset: at, reason });

  for (;;) {
    take(SPACE);
    const char = text[at];
    if (expect === 'comma or end') {
      const container = open.at(-1);
      if (container === undefined) {
        return char === undefined ? undefined : bad(`unexpected ${shown(char)} after the end`);
      }
      const close = container === '{' ? '}' : ']';
      if (char === close) open.pop();
      else if (char === ',') expect = container === '{' ? 'key' : 'value';
      else return bad(`expected "," or "${close}", found ${shown(char)}`);
      at += 1;
    } else if (expect === 'key' || expect === 'key or }') {
      if (char === '}' && expect === 'key or }') {
        open.pop();
        at += 1;
        expect = 'comma or end';
        continue;
      }
      if (char !== '"') return bad(`expected a name in double quotes, found ${shown(char)}`);
      if (!take(STRING)) return bad('this string does not end, or holds a bad escape');
      take(SPACE);
      if (text[at] !== ':') return bad(`expected ":" after the name, found ${shown(text[at])}`);
      at += 1;
      expect = 'value';
    } else if (char === ']' && expect === 'value or ]') {
      open.pop();
      at += 1;
      expect = 'comma or end';
    } else if (char === '{' || char === '[') {
      open.push(char);
      at += 1;
      expect = char === '{' ? 'key or }' : 'value or ]';
    } else {
      if (char === '"') {
        if (!take(STRING)) return bad('this string does not end, or holds a bad escape');
      } else if (!take(NUMBER) && !take(WORD)) {
        return bad(`expected a value, found ${shown(char)}`);
      }
      expect = 'comma or end';
    }
  }
}

function shown(char: string | undefined): string {
  return char === undefined ? 'the end of the text' : JSON.stringify(char);
}
