import { createMachines } from '../../machine/pool.js';
import type { Machines, MachineSession, MachineTarget, StepRun } from '../../machine/types.js';

/** A machine that the runner's behaviours are shown on. */
export interface RunnerMachine {
  target: MachineTarget;
  /** Cuts every SSH connection to it. */
  cut(): void;
  close(): Promise<void>;
}

export const owner = { clusterId: 'c-1', cluster: 'demo', project: 'tests' };
let count = 0;

/** A run of the step `claim`, with an id of its own. */
export function stepRun(script: string, more: Partial<StepRun> = {}): StepRun {
  return {
    runId: `test-${String(process.pid)}-${String(++count)}`,
    owner,
    tasksetId: 'taskset-1',
    step: 'claim',
    script,
    params: {},
    timeoutSeconds: 60,
    requireOwner: true,
    ...more,
  };
}

/** Root's shell on the machine, beside the connections under test. */
export class Bystander {
  readonly #machines: Machines = createMachines();
  readonly #target: MachineTarget;

  constructor(target: MachineTarget) {
    this.#target = target;
  }

  /** Again on a new connection when the test cut this one. */
  async sh(command: string): Promise<string> {
    const call = (): Promise<string> =>
      this.#machines.with(this.#target, async (session) =>
        (await session.exec(command)).stdout.trim(),
      );
    return call().catch(call);
  }

  /** As if nobody had ever worked on it. @throws Error when it belongs to a real cluster. */
  async wipe(): Promise<void> {
    const found = await this.sh('cat /var/lib/plinth/owner 2>/dev/null');
    if (found !== '' && !found.includes(owner.clusterId))
      throw new Error(`the machine is in use: ${found}`);
    await this.sh(
      'systemctl stop "plinth-test-*" 2>/dev/null; rm -rf /var/lib/plinth/* /run/plinth',
    );
  }

  /** The process ids of a run's wrapper: one, or none. */
  async wrappers(runId: string): Promise<string[]> {
    const found = await this.sh(
      `for p in /proc/[0-9]*; do c=$(tr '\\0' ' ' <$p/cmdline 2>/dev/null); case $c in
         /usr/bin/bash\\ /var/lib/plinth/scripts/*\\ main\\ */${runId}\\ ) echo "\${p#/proc/}";; esac; done`,
    );
    return found.split('\n').filter(Boolean);
  }

  /** Command lines of processes that hold any of the words. */
  async processes(...words: string[]): Promise<string[]> {
    const all = await this.sh(
      `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done`,
    );
    return all.split('\n').filter((line) => words.every((word) => line.includes(word)));
  }

  close(): Promise<void> {
    return this.#machines.close();
  }
}

/** A worker of its own: a pool that nobody shares, closed when the work is done. */
export async function asWorker<T>(
  target: MachineTarget,
  work: (session: MachineSession) => Promise<T>,
): Promise<T> {
  const machines = createMachines();
  try {
    return await machines.with(target, work);
  } finally {
    await machines.close();
  }
}
