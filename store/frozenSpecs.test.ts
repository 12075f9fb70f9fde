import { describe, expect, it } from 'vitest';

import type { ClusterSpec } from '../core/cluster.js';
import { createFrozenSpecs } from './frozenSpecs.js';

const text = (name: string): string => JSON.stringify({ type: 'mks', blueprint: { name } });

describe('specs of tasksets', () => {
  it('are parsed once, for everyone', () => {
    const specs = createFrozenSpecs();
    const spec = specs.put('t1', text('default'));
    expect(spec.blueprint.name).toBe('default');
    expect(specs.get('t1')).toBe(spec);
    expect(specs.get('t2')).toBeUndefined();
  });

  it('cannot be changed by one of those who share them, however deep', () => {
    const spec: ClusterSpec = createFrozenSpecs().put('t1', text('default'));
    expect(() => {
      spec.blueprint.name = 'other';
    }).toThrow(TypeError);
  });

  it('make room for others by their length, the one that nobody asked for longest first', () => {
    const specs = createFrozenSpecs(2 * text('default').length);
    specs.put('t1', text('default'));
    specs.put('t2', text('default'));
    specs.get('t1');
    specs.put('t3', text('default'));
    expect(['t1', 't2', 't3'].map((id) => specs.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });
});
