import { expect, test } from 'vitest';

import { withoutNulls } from './withoutNulls.js';

test('fields that are null are left out, at every depth; whatever else there is stays', () => {
  const given = {
    metadata: { name: 'a', labels: null, displayName: '' },
    spec: {
      proxy: null,
      sharing: {},
      config: { nodes: [{ hostname: 'm1', taints: null, ssh: { port: null } }] },
    },
  };
  expect(withoutNulls(given)).toEqual({
    metadata: { name: 'a', displayName: '' },
    spec: { sharing: {}, config: { nodes: [{ hostname: 'm1', ssh: {} }] } },
  });
});

test('a null in a list, as a value under a key of people, or as all there is stays: it is wrong', () => {
  const given = { nodes: [null, 1], labels: { a: null }, kubeletExtraArgs: { v: null } };
  expect(withoutNulls(given)).toEqual(given);
  expect(withoutNulls(null)).toBeNull();
});
