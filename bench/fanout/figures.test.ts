import { expect, it } from 'vitest';

import { fanoutJson, fanoutMedians, fanoutReport } from './figures.js';

const round = (exec: number, runner: number, tuned: number, ansible: number, jobs: number) => ({
  ...{ exec, runner, ansibleTuned: tuned, ansible, ansibleJobs: jobs, load: 1 },
});

it('ratios are of each round by itself, then their median', () => {
  const medians = fanoutMedians([
    round(1, 2, 20, 40, 60),
    round(2, 4, 20, 100, 80),
    round(10, 20, 110, 300, 500),
  ]);
  expect(medians).toMatchObject({ exec: 2, runner: 4, ansibleTuned: 20, ansible: 100 });
  expect(medians.ansibleJobs).toBe(80);
  expect(medians.overExec).toEqual({ ansible: 40, ansibleTuned: 11 });
  expect(medians.overRunner).toEqual({ ansible: 20, ansibleTuned: 5.5, ansibleJobs: 25 });
});

it('an aim that is missed is said to be', () => {
  const lines = fanoutReport([round(1, 4, 9, 40, 36)]);
  expect(lines.filter((line) => line.endsWith(': met'))).toEqual([
    expect.stringContaining('forks 5 ÷ our execs 40.0'),
    expect.stringContaining('forks 5 ÷ our runs, which do more 10.0'),
  ]);
  expect(lines.filter((line) => line.endsWith(': NOT MET'))).toEqual([
    expect.stringContaining('forks 40, pipelining ÷ our execs 9.0'),
    expect.stringContaining("Ansible's jobs, forks 40, pipelining ÷ our runs 9.0"),
    expect.stringContaining('forks 40, pipelining ÷ our runs, which do more 2.3'),
  ]);
});

it('what each way is stands beside the figures', () => {
  const lines = fanoutReport([round(1, 4, 9, 40, 48)]);
  expect(lines).toContainEqual(expect.stringMatching(/^execs: .* as Ansible has it/));
  expect(lines).toContainEqual(expect.stringMatching(/^runs: .* outlives its connection/));
  expect(lines).toContainEqual(expect.stringMatching(/^jobs: .* does so as well/));
});

it('the last line has every figure under a name of its own', () => {
  expect(fanoutJson([round(1, 4, 9, 40, 48)], 40, 30)).toEqual({
    ...{ bench: 'fanout', machines: 40, commands: 30, rounds: 1 },
    ...{ exec_s: 1, runner_s: 4, ansible_s: 40, ansible_tuned_s: 9, ansible_jobs_s: 48 },
    ...{ exec_ratio: 40, exec_ratio_tuned: 9, runner_ratio: 10, runner_ratio_tuned: 2.25 },
    runner_ratio_jobs: 12,
  });
});
