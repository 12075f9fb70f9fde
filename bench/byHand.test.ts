import { describe, expect, it } from 'vitest';

import { parseTimes } from './byHand.js';

describe('parseTimes', () => {
  it('reads a row per step', () => {
    expect(parseTimes('m1 facts 1000 1500\nm2 kubeadm-join 2000 3000\n')).toEqual([
      { hostname: 'm1', step: 'facts', startedAt: 1000, endedAt: 1500 },
      { hostname: 'm2', step: 'kubeadm-join', startedAt: 2000, endedAt: 3000 },
    ]);
  });
});
