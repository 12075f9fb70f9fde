import { randomBytes } from 'node:crypto';

import { createMachines } from '../../machine/pool.js';
import type { MachineSession } from '../../machine/types.js';
import { commandOf, numbers } from './commands.js';
import { outputOn, type Sshd } from './sshdFarm.js';

const OWNER = { clusterId: 'fanout', cluster: 'fanout', project: 'bench' };
const TIMEOUT_SECONDS = 60;

/** One machine's commands over its session. */
type Way = (session: MachineSession, output: string) => Promise<void>;

/**
 * Each command a run of its own, as a step is: detached from the connection, its output kept, its result on disk, found again
 * after a crash.
 */
export function byRunner(machines: readonly Sshd[]): Promise<number> {
  const taskset = randomBytes(4).toString('hex');
  return timed(machines, async (session, output) => {
    for (const number of numbers) {
      const { outcome, lastLines } = await session.runStep({
        ...{
          runId: `${taskset}-${String(number)}`,
          owner: OWNER,
          tasksetId: taskset,
          step: 'claim',
        },
        ...{ script: commandOf(number, output), params: {}, timeoutSeconds: TIMEOUT_SECONDS },
        requireOwner: true,
      });
      if (outcome !== 'done')
        throw new Error(`${session.node}: ${outcome}: ${lastLines.join(' ')}`);
    }
  });
}

/** Each command an exec of its own, as Ansible has it: nothing of it outlives the connection. */
export function byExec(machines: readonly Sshd[]): Promise<number> {
  return timed(machines, async (session, output) => {
    for (const number of numbers) {
      const { code, stderr } = await session.exec(commandOf(number, output));
      if (code !== 0) throw new Error(`${session.node}: ${String(code)}: ${stderr}`);
    }
  });
}

/** Seconds from a pool without a connection to the last command's end on the last machine. */
async function timed(machines: readonly Sshd[], way: Way): Promise<number> {
  const startedAt = performance.now();
  const pool = createMachines();
  try {
    await Promise.all(
      machines.map(({ target, folder }) =>
        pool.with(target, (session) => way(session, outputOn(folder))),
      ),
    );
    return (performance.now() - startedAt) / 1000;
  } finally {
    await pool.close();
  }
}
