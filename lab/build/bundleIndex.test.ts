import { expect, test } from 'vitest';
import { makeIndex, type Artifact } from './bundleIndex.js';

const image = (path: string, kubernetes?: string[], sha256 = 'a'): Artifact => ({
  path,
  sha256,
  size: 1,
  kind: 'image',
  name: path,
  version: '1',
  arch: 'amd64',
  ...(kubernetes === undefined ? {} : { kubernetes }),
});

test('the parts become one list, by path', () => {
  const { schemaVersion, artifacts } = makeIndex([[image('b')], [image('a')]]);
  expect(schemaVersion).toBe(1);
  expect(artifacts.map(({ path }) => path)).toEqual(['a', 'b']);
});

test('a file that two Kubernetes versions share stands there once and serves both', () => {
  const { artifacts } = makeIndex([[image('pause', ['v1.35.4'])], [image('pause', ['v1.34.4'])]]);
  expect(artifacts).toEqual([image('pause', ['v1.34.4', 'v1.35.4'])]);
});

test('a file that serves any version in one part does so in the whole', () => {
  const { artifacts } = makeIndex([[image('x', ['v1.34.4'])], [image('x')]]);
  expect(artifacts[0]?.kubernetes).toBeUndefined();
});

test('one path with two contents is refused', () => {
  expect(() => makeIndex([[image('x')], [image('x', undefined, 'b')]])).toThrow(
    'x is in the bundle twice',
  );
});
