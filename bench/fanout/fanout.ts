import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ensureTestTools } from '../../scripts/ensureTestTools.js';
import { byAnsible, ensureAnsible } from './ansible.js';
import { COMMANDS, lineProblem } from './commands.js';
import { fanoutJson, fanoutReport, type FanoutRound } from './figures.js';
import { byExec, byRunner } from './ours.js';
import { linesOn, outputOn, startSshds, type Sshd } from './sshdFarm.js';

const TUNED = { forks: 40, pipelining: true } as const;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * The same commands over many real sshd, ours and Ansible's in turns, each with no connection open before; after each,
 * every machine must have what the commands leave. Missing the aim is a result, not an error.
 * @throws Error when it could not measure, or a command did not do what it is for.
 */
export async function fanout(options: string[]): Promise<void> {
  const { machines, rounds } = readOptions(options);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('needs Linux and root: each sshd runs in a mount namespace of its own');
  }
  if (!existsSync('/usr/sbin/sshd')) await ensureTestTools(say);
  const playbook = await ensureAnsible(say);
  const folder = await mkdtemp(join(tmpdir(), 'plinth-fanout-'));
  const farm = await startSshds(machines, folder);
  const stopping = new AbortController();
  const { signal } = stopping;
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  const verified = async (seconds: Promise<number>): Promise<number> => {
    const took = await seconds;
    await Promise.all(farm.machines.map(checkAndClear));
    signal.throwIfAborted();
    return took;
  };
  try {
    say(
      `${String(machines)} sshd on loopback, ${String(COMMANDS)} commands on each, one after the other there`,
    );
    const figures: FanoutRound[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${String(round)} of ${String(rounds)} …`);
      figures.push({
        exec: await verified(byExec(farm.machines)),
        runner: await verified(byRunner(farm.machines)),
        ansibleTuned: await verified(byAnsible(playbook, farm, { ...TUNED, signal })),
        ansibleJobs: await verified(
          byAnsible(playbook, farm, { ...TUNED, detached: true, signal }),
        ),
        ansible: await verified(byAnsible(playbook, farm, { forks: 5, pipelining: false, signal })),
        load: loadavg()[0] ?? 0,
      });
    }
    for (const line of fanoutReport(figures)) say(line);
    say(JSON.stringify(fanoutJson(figures, machines, COMMANDS)));
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws Error when a machine has not what all commands leave. */
async function checkAndClear(machine: Sshd): Promise<void> {
  const problem = lineProblem(await linesOn(machine));
  if (problem !== undefined) throw new Error(`${machine.target.node}: ${problem}`);
  await rm(outputOn(machine.folder));
}

function readOptions(args: string[]): { machines: number; rounds: number } {
  const { values } = parseArgs({
    args,
    options: {
      machines: { type: 'string', default: '40' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const number = (name: keyof typeof values, most: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new Error(`--${name} ${values[name]}: a whole number from 1 to ${String(most)}`);
  };
  return { machines: number('machines', 200), rounds: number('rounds', 20) };
}
