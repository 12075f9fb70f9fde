import { expect, test } from 'vitest';

import { fixtureCluster } from '../test/fixtures/cluster.js';
import { changedPaths, pathsText } from './changedPaths.js';

const cluster = fixtureCluster();

test.each([
  ['nothing', () => undefined, []],
  [
    'the order of nodes, which is nothing',
    (now: typeof cluster) => void now.spec.config.nodes.reverse(),
    [],
  ],
  [
    'a value, deep down',
    (now: typeof cluster) => void (now.spec.config.nodes[1]!.labels = { app: 'web' }),
    ['spec.config.nodes["m2"].labels'],
  ],
  [
    'a node more and a node less',
    (now: typeof cluster) => {
      now.spec.config.nodes[2] = { ...now.spec.config.nodes[2]!, hostname: 'm9' };
    },
    ['spec.config.nodes["m3"]', 'spec.config.nodes["m9"]'],
  ],
  [
    'two places',
    (now: typeof cluster) => {
      now.spec.config.kubernetesVersion = 'v1.35.4';
      now.metadata.labels = { env: 'prod' };
    },
    ['metadata.labels', 'spec.config.kubernetesVersion'],
  ],
])('paths of %s', (_what, change, paths) => {
  const now = structuredClone(cluster);
  change(now);
  expect(changedPaths(cluster, now)).toEqual(paths);
});

test('never show a value', () => {
  const [before, now] = [{ a: [1, { b: 'old' }] }, { a: [1, { b: 'new' }], passphrase: 'x' }];
  expect(changedPaths(before, now)).toEqual(['a[1].b', 'passphrase']);
});

test('are as many in a text as a person reads', () => {
  const paths = Array.from({ length: 25 }, (_, index) => `p${String(index)}`);
  expect(pathsText(paths)).toMatch(/^p0, .*p19 and 5 more$/);
  expect(pathsText(['a'])).toBe('a');
});
