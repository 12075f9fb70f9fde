import { describe, expect, it } from 'vitest';

import { waterfall } from './waterfall.js';

const long = { hostname: 'm1', step: 'kubeadm-init' as const, startedAt: 10_000, endedAt: 82_000 };
const short = { hostname: 'm1', step: 'claim' as const, startedAt: 0, endedAt: 1 };

describe('waterfall', () => {
  it('keeps within 120 columns, a step that outlasts the axis included', () => {
    const lines = waterfall([long, { ...short, endedAt: 900_000 }], 0, 100_000).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
  });

  it('shows each step from its start to its end, in the order in which they began', () => {
    const [, first, second] = waterfall([long, short], 10_000, 82_000).split('\n');
    expect(first).toMatch(/^m1 claim .*█/);
    expect(second).toMatch(/^m1 kubeadm-init +█{72} +0\.0 +72\.0$/);
  });

  it("tells the worker's time around a step from the machine's", () => {
    const around = { ...long, startedAt: 20_000, endedAt: 30_000, begunAt: 10_000, doneAt: 46_000 };
    const [, line] = waterfall([around], 10_000, 82_000).split('\n');
    expect(line).toMatch(/░{10}█{10}░{16} /);
  });
});
