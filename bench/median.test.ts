import { describe, expect, it } from 'vitest';

import { medianOf } from './median.js';

describe('medianOf', () => {
  it.each([
    [[3], 3],
    [[30, 1, 2], 2],
    [[4, 1, 2, 30], 3],
  ])('takes the middle of %j', (values, middle) => {
    expect(medianOf(values)).toBe(middle);
  });
});
