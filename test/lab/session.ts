import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { labUp, resetMachine, type Lab } from '../../lab/lab.js';
import { startPlinth, type PlinthOptions, type RunningPlinth } from './plinth.js';

export interface LabSession {
  lab: Lab;
  plinth: RunningPlinth;
  stop(): Promise<void>;
}

interface SessionOptions extends Omit<PlinthOptions, 'settings'> {
  /** Plinth's environment beside the usual. */
  settings?(lab: Lab): Promise<NodeJS.ProcessEnv>;
}

/** Bare machines and a plinth of its own, for one case. */
export async function openLabSession(
  machines: readonly string[],
  { settings, ...options }: SessionOptions = {},
): Promise<LabSession> {
  const count = Math.max(3, machines.length);
  await labUp(count);
  await Promise.all(machines.map((name) => resetMachine(name)));
  const lab = await labUp(count);
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-lab-'));
  const plinth = await startPlinth(lab, dataDir, {
    ...options,
    settings: (await settings?.(lab)) ?? {},
  });
  return {
    lab,
    plinth,
    stop: async () => {
      await plinth.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
