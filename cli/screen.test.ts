import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { expect, test } from 'vitest';

import { createScreen } from './screen.js';

function output(set: { isTTY?: boolean; columns?: number } = {}) {
  const out = Object.assign(new PassThrough(), set);
  return { out, text: () => (out.read() as Buffer | null)?.toString() ?? '' };
}

test('what is no terminal gets the lines and no picture', () => {
  const { out, text } = output();
  const screen = createScreen(out);
  screen.print(['==> one', '  two']);
  screen.picture(['  moving']);
  expect(text()).toBe('==> one\n  two\n');
});

test('on a terminal the picture is erased before new lines and drawn again below them', () => {
  const { out, text } = output({ isTTY: true, columns: 80 });
  const screen = createScreen(out);
  screen.picture(['a', 'b']);
  text();
  screen.print(['news']);
  const written = text();
  expect(written.startsWith('\u001B[2A\u001B[0J')).toBe(true);
  expect(written.indexOf('news')).toBeLessThan(written.indexOf('a'));
});

test('no line of the picture is wider than the terminal', () => {
  const { out, text } = output({ isTTY: true, columns: 20 });
  createScreen(out).picture(['x'.repeat(100)]);
  const visible = stripVTControlCharacters(text()).trimEnd();
  expect(visible.length).toBeLessThan(20);
});
