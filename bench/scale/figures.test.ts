import { describe, expect, it } from 'vitest';

import {
  costRatio,
  perMachine,
  scaleJson,
  scaleTable,
  scaleVerdicts,
  type ScaleRun,
} from './figures.js';

const run = (machines: number, set: Partial<ScaleRun> = {}): ScaleRun => ({
  ...{ machines, acceptedSeconds: 0.5, seconds: machines / 2, failedPolls: 0 },
  cpu: { api: 1, worker: machines * 0.2, temporal: machines * 0.1, mongo: machines * 0.1 },
  ...{ historyEvents: machines * 80, longestHistory: 300 },
  ...{ mongoWrites: machines * 40, mongoReads: machines * 70 },
  ...{ handshakes: machines * 2, mostHandshakes: 2, apiMb: 100, workerMb: 200, load: 1 },
  ...set,
});

describe('the figures of a size', () => {
  it('are for each machine: processor time of API and worker, servers apart', () => {
    expect(perMachine(run(10))).toMatchObject({
      historyEvents: 80,
      mongoWrites: 40,
      handshakes: 2,
    });
    expect(perMachine(run(10)).cost).toBeCloseTo(0.3);
    expect(perMachine(run(10)).allCost).toBeCloseTo(0.5);
  });

  it('stand in the row of their head', () => {
    const [head = '', row = ''] = scaleTable([run(1000)]);
    expect(row).toHaveLength(head.length);
    expect(row.slice(0, head.indexOf('machines') + 'machines'.length)).toMatch(/ 1000$/);
  });
});

describe('what is made of them', () => {
  it('compares the largest with the smallest; one size alone with nothing', () => {
    expect(costRatio([run(10), run(100), run(1000)])).toBeCloseTo(0.201 / 0.3);
    expect(costRatio([run(10)])).toBeUndefined();
    expect(scaleJson([run(10)])).not.toHaveProperty('cost_ratio');
  });

  it('says which bound any of the sizes breaks', () => {
    const met = scaleVerdicts([run(10), run(1000)]);
    expect(met).toHaveLength(4);
    expect(met.filter((line) => line.endsWith(': met'))).toHaveLength(4);
    const broken = [
      run(10, { historyEvents: 1_001 }),
      run(1000, { cpu: { api: 0, worker: 1_000, temporal: 0, mongo: 0 }, handshakes: 2_001 }),
    ];
    const not = scaleVerdicts(broken).filter((line) => line.endsWith(': NOT MET'));
    expect(not).toHaveLength(3);
    expect(not.join()).toMatch(/history events.*SSH handshakes.*cost of a machine of 1000 ÷ of 10/);
  });
});
