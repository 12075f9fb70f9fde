import { medianOf } from '../median.js';

/** Seconds of each way in one round. */
export interface FanoutRound {
  /** Ours: each command an exec over one connection. */
  exec: number;
  /** Ours: each command a detached run, as a step is. */
  runner: number;
  /** Ansible as it comes, with 5 forks. */
  ansible: number;
  /** With 40 forks and pipelining. */
  ansibleTuned: number;
  /** The same, each command a job that outlives its connection (`async`). */
  ansibleJobs: number;
  load: number;
}

export const FANOUT_AIM = 10;

export interface FanoutMedians extends Omit<FanoutRound, 'load'> {
  /** Ansible's seconds over ours, of each round by itself. */
  overRunner: { ansible: number; ansibleTuned: number; ansibleJobs: number };
  overExec: { ansible: number; ansibleTuned: number };
}

export function fanoutMedians(rounds: readonly FanoutRound[]): FanoutMedians {
  const median = (read: (round: FanoutRound) => number): number => medianOf(rounds.map(read));
  const over = (ours: 'runner' | 'exec') => ({
    ansible: median((round) => round.ansible / round[ours]),
    ansibleTuned: median((round) => round.ansibleTuned / round[ours]),
  });
  return {
    runner: median(({ runner }) => runner),
    exec: median(({ exec }) => exec),
    ansible: median(({ ansible }) => ansible),
    ansibleTuned: median(({ ansibleTuned }) => ansibleTuned),
    ansibleJobs: median(({ ansibleJobs }) => ansibleJobs),
    overRunner: {
      ...over('runner'),
      ansibleJobs: median((round) => round.ansibleJobs / round.runner),
    },
    overExec: over('exec'),
  };
}

const MEANING = [
  'execs: each command an exec over one connection, as Ansible has it: nothing of it outlives the connection',
  'runs:  each command a detached run, as every step is: it outlives its connection, its output and result are on disk',
  'jobs:  each command a job of Ansible (async, poll 1), which does so as well',
];

/** One row a round, what the columns are, the medians, and which aims are met. */
export function fanoutReport(rounds: readonly FanoutRound[]): string[] {
  const row = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(14)).join('');
  const seconds = (round: Omit<FanoutRound, 'load'>): string[] =>
    [round.exec, round.runner, round.ansible, round.ansibleTuned, round.ansibleJobs].map((each) =>
      each.toFixed(2),
    );
  const medians = fanoutMedians(rounds);
  const { overExec, overRunner } = medians;
  const verdict = (what: string, ratio: number): string =>
    `${what} ${ratio.toFixed(1)} (aim: at least ${String(FANOUT_AIM)}): ${ratio >= FANOUT_AIM ? 'met' : 'NOT MET'}`;
  return [
    row(['round', 'execs s', 'runs s', 'Ansible s', 'tuned s', 'tuned jobs s', 'load']),
    ...rounds.map((round, index) =>
      row([String(index + 1), ...seconds(round), round.load.toFixed(1)]),
    ),
    row(['median', ...seconds(medians), '']),
    '',
    ...MEANING,
    '',
    verdict('Ansible, forks 5 ÷ our execs', overExec.ansible),
    verdict('Ansible, forks 40, pipelining ÷ our execs', overExec.ansibleTuned),
    verdict("Ansible's jobs, forks 40, pipelining ÷ our runs", overRunner.ansibleJobs),
    verdict('Ansible, forks 5 ÷ our runs, which do more', overRunner.ansible),
    verdict('Ansible, forks 40, pipelining ÷ our runs, which do more', overRunner.ansibleTuned),
  ];
}

/** The last line of output. */
export function fanoutJson(
  rounds: readonly FanoutRound[],
  machines: number,
  commands: number,
): object {
  const round = (value: number): number => Number(value.toFixed(3));
  const medians = fanoutMedians(rounds);
  return {
    ...{ bench: 'fanout', machines, commands, rounds: rounds.length },
    ...{ exec_s: round(medians.exec), runner_s: round(medians.runner) },
    ...{ ansible_s: round(medians.ansible), ansible_tuned_s: round(medians.ansibleTuned) },
    ansible_jobs_s: round(medians.ansibleJobs),
    exec_ratio: round(medians.overExec.ansible),
    exec_ratio_tuned: round(medians.overExec.ansibleTuned),
    runner_ratio: round(medians.overRunner.ansible),
    runner_ratio_tuned: round(medians.overRunner.ansibleTuned),
    runner_ratio_jobs: round(medians.overRunner.ansibleJobs),
  };
}
