import { describe, expect, it } from 'vitest';

import { chainLines, runsTable, verdicts } from './report.js';

const aims = { ratio: 1.1, ratioByHand: 1.25, rssMb: 400 };
const run = (readySeconds: number, byHandSeconds: number, rssMb: number) => ({
  ...{ readySeconds, byHandSeconds, rssMb },
  criticalPathSeconds: readySeconds / 2,
  load: 1,
});

describe('runsTable', () => {
  it('ends with the medians, and the highest peak of memory', () => {
    const rows = runsTable([run(100, 90, 380), run(120, 80, 300), run(110, 85, 310)]);
    expect(rows.at(-1)?.trim().split(/ +/)).toEqual([
      'median',
      '110.00',
      '55.00',
      '2.000',
      '85.00',
      '1.294',
      '380',
      '1.0',
    ]);
  });
});

describe('verdicts', () => {
  it('says of each aim whether it is met', () => {
    const lines = verdicts({ ratio: 1.1, ratioByHand: 1.26, rssMb: 400 }, aims);
    expect(lines.map((line) => line.split(': ').at(-1))).toEqual(['met', 'NOT MET', 'NOT MET']);
  });

  it('does not judge what was not measured', () => {
    expect(verdicts({ ratio: 1, ratioByHand: undefined, rssMb: 1 }, aims)[1]).toContain(
      'not measured',
    );
  });
});

describe('chainLines', () => {
  it('marks gaps of more than 100 ms and adds all of them up', () => {
    const link = (startedAt: number, endedAt: number) => ({
      ...{ hostname: 'm1', step: 'claim' as const, startedAt, endedAt },
      seconds: (endedAt - startedAt) / 1000,
    });
    const lines = chainLines([link(1_050, 2_000), link(2_500, 3_000)], {
      postedAt: 1_000,
      readyAt: 3_040,
    });
    expect(lines.map((line) => line.endsWith('<'))).toEqual([false, true, false, false]);
    expect(lines.at(-1)).toContain('0.59 s');
  });
});
