import { expect, test } from 'vitest';

import { axisOf, place, tickText } from './axis.js';

test.each([
  [0, 1000],
  [900, 1000],
  [5_500, 1000],
  [47_000, 10_000],
  [95_000, 30_000],
  [600_000, 120_000],
  [9 * 3_600_000, 2 * 3_600_000],
  [40 * 24 * 3_600_000, 160 * 3_600_000],
])('%i ms have ticks of %i ms, and end at one', (length, tick) => {
  const axis = axisOf(1_000_000, 1_000_000 + length);
  expect(axis.tick).toBe(tick);
  expect((axis.to - axis.from) % tick).toBe(0);
  expect(axis.to).toBeGreaterThanOrEqual(1_000_000 + length);
  expect((axis.to - axis.from) / tick).toBeLessThanOrEqual(7);
});

test('what grows does not change the scale until it reaches the end', () => {
  expect(axisOf(0, 41_000)).toEqual(axisOf(0, 49_000));
});

test('a place is in percent, and never outside', () => {
  const axis = { from: 0, to: 200, tick: 100 };
  expect([-5, 0, 50, 200, 900].map((at) => place(axis, at))).toEqual([0, 0, 25, 100, 100]);
});

test.each([
  [0, '0'],
  [15_000, '15 s'],
  [60_000, '1 min'],
  [90_000, '1:30 min'],
  [3_600_000, '1 h'],
  [5_400_000, '1:30 h'],
])('%i ms read %s', (ms, text) => {
  expect(tickText(ms)).toBe(text);
});
