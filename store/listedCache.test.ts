import { expect, test } from 'vitest';

import { createListedCache } from './listedCache.js';
import type { ListedCluster } from './clusterStore.js';

function cluster(name: string, generation = 1): ListedCluster {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: `id-${name}`,
    name,
    generation,
    deleting: false,
    modifiedAt: at,
    desired: 'x'.repeat(10),
  };
}

test('what was put is there by project and name, until it is dropped', () => {
  const cache = createListedCache();
  const one = cluster('a');
  cache.put('p', one);
  expect([cache.get('p', 'a'), cache.get('q', 'a')]).toEqual([one, undefined]);
  cache.drop('p', ['a', 'never there']);
  expect(cache.get('p', 'a')).toBeUndefined();
});

test('of too much the oldest goes first, of the project that was put into longest ago', () => {
  const cache = createListedCache(30);
  cache.put('p', cluster('a'));
  cache.put('p', cluster('b'));
  cache.put('q', cluster('a'));
  cache.put('q', cluster('b'));
  expect([cache.get('p', 'a'), cache.get('p', 'b')?.name]).toEqual([undefined, 'b']);
  cache.put('q', cluster('c'));
  cache.put('q', cluster('d'));
  expect(['a', 'b', 'c', 'd'].map((name) => cache.get('q', name)?.name)).toEqual([
    ...[undefined, 'b', 'c', 'd'],
  ]);
});

test('what is put again, dropped or forgotten makes room', () => {
  const cache = createListedCache(30);
  for (let n = 0; n < 10; n++) cache.put('p', cluster('a', n));
  cache.put('p', cluster('b'));
  cache.put('q', cluster('a'));
  expect([cache.get('p', 'a')?.generation, cache.get('p', 'b')?.name]).toEqual([9, 'b']);
  cache.forget('p');
  for (const name of ['b', 'c']) cache.put('q', cluster(name));
  expect(['a', 'b', 'c'].map((name) => cache.get('q', name)?.name)).toEqual(['a', 'b', 'c']);
});

test('a check by versions leaves what is at its version only', () => {
  const cache = createListedCache();
  for (const name of ['same', 'changed', 'gone']) cache.put('p', cluster(name));
  cache.verify(
    'p',
    new Map([
      ['same', 'id-same-1'],
      ['changed', 'id-changed-2'],
    ]),
  );
  expect(['same', 'changed', 'gone'].map((name) => cache.get('p', name)?.name)).toEqual([
    ...['same', undefined, undefined],
  ]);
});
