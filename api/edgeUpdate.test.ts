import { describe, expect, test } from 'vitest';

import { clusterRecord } from '../test/api/records.js';
import { edgeUpdateProblems } from './edgeUpdate.js';
import { edgeView } from './views/edgeView.js';

const edge = edgeView(clusterRecord(), 'p000001');
const pathsOf = (update: Record<string, unknown>): string[] =>
  edgeUpdateProblems(edge, update).map(({ path }) => path);

describe('an edge that is written back', () => {
  test('as it was read changes nothing, also when it is old', () => {
    expect(pathsOf({ ...edge })).toEqual([]);
    expect(pathsOf({ ...edge, status: 'PROVISIONING', health: 0, modified_at: '2020' })).toEqual(
      [],
    );
  });

  test('with the empty fields of a larger type changes nothing', () => {
    const update = { ...edge, settings: null, comments: '', edge_type: null, meta: { a: [] } };
    expect(pathsOf(update)).toEqual([]);
  });

  test('with a value that we would have to act upon is refused, by its path', () => {
    const update = { ...edge, name: 'other', settings: { monitor: true }, blueprint: 'minimal' };
    expect(pathsOf(update)).toEqual(['name', 'settings', 'blueprint']);
  });
});
