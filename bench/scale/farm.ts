import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { cpuSeconds } from '../cpuSeconds.js';

export interface Logins {
  /** Of all machines together. */
  logins: number;
  /** Of the one with the most. */
  most: number;
}

/** Machines in processes of their own: they are not what is measured. */
export interface Farm {
  /** Of each machine, in order. */
  ports: number[];
  logins(): Promise<Logins>;
  /** Seconds of processor time of all of them so far. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** Each process plays that many at most. */
const MACHINES_PER_PROCESS = 500;

export async function openFarm(machines: number): Promise<Farm> {
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }),
    );
  };
  try {
    const ports: number[] = [];
    for (let first = 1; first <= machines; first += MACHINES_PER_PROCESS) {
      const last = Math.min(machines, first + MACHINES_PER_PROCESS - 1);
      const script = fileURLToPath(new URL('farmProcess.ts', import.meta.url));
      const child = fork(script, [String(first), String(last)], { execArgv: ['--import', 'tsx'] });
      children.push(child);
      ports.push(...(await answer<{ ports: number[] }>(child)).ports);
    }
    return {
      ports,
      logins: async () => {
        const all = await Promise.all(
          children.map(async (child) => {
            const answered = answer<Logins>(child);
            child.send('logins');
            return answered;
          }),
        );
        return {
          logins: all.reduce((sum, { logins }) => sum + logins, 0),
          most: Math.max(...all.map(({ most }) => most)),
        };
      },
      cpuSeconds: async () => {
        const used = await Promise.all(children.map(({ pid = 0 }) => cpuSeconds(pid)));
        return used.reduce((sum, seconds) => sum + seconds, 0);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of machines has ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}
