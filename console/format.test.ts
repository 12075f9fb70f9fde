import { expect, test } from 'vitest';

import { age, count, distance, duration, moment, readMoments, words } from './format.js';

test.each([
  [0, '0.0 s'],
  [9_400, '9.4 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
])('%i ms read %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [2, 'just now'],
  [42, '42 s ago'],
  [185, '3 min ago'],
  [7200, '2 h ago'],
  [400_000, '4 d ago'],
])('%i s ago reads %s', (seconds, text) => {
  const now = Date.parse('2026-11-24T08:00:00Z');
  expect(age(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
});

test.each([
  [-1, 'is over'],
  [5 * 3600, 'in 5 h'],
  [47.9 * 3600, 'in 47 h'],
  [340.5 * 86_400, 'in 340 d'],
])('in %i s reads %s', (seconds, text) => {
  const now = Date.parse('2026-11-24T08:00:00Z');
  expect(distance(new Date(now + seconds * 1000).toISOString(), now)).toBe(text);
});

test('words of the wire read as words', () => {
  expect(['NodeAddition', 'EtcdSnapshot', 'BlueprintSync'].map(words)).toEqual([
    'Node addition',
    'Etcd snapshot',
    'Blueprint sync',
  ]);
});

test('one is one, more are many', () => {
  expect([count(1, 'node'), count(0, 'node'), count(2, 'entry', 'entries')]).toEqual([
    '1 node',
    '0 nodes',
    '2 entries',
  ]);
});

test("a moment is as it came until the reader's own way is known, and whatever is none stays", () => {
  const at = '2026-11-26T18:05:09.000Z';
  expect(moment(at)).toBe(at);
  readMoments();
  expect(moment(at)).toBe(new Date(at).toLocaleString());
  expect(moment('soon')).toBe('soon');
});
