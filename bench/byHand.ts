import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Cluster } from '../core/cluster.js';
import type { StepName } from '../core/steps.js';
import type { Lab } from '../lab/lab.js';
import type { MachineFacts } from '../machine/facts.js';
import type { TimedStep } from './criticalPath.js';
import { writeHandPlan } from './handPlan.js';
import type { NodeOfApi } from './timedSteps.js';

const SCRIPT = fileURLToPath(new URL('by-hand.sh', import.meta.url));

export interface HandRun {
  seconds: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  steps: TimedStep[];
}

export interface HandOptions {
  lab: Lab;
  cluster: Cluster;
  nodes: readonly NodeOfApi[];
  signal: AbortSignal;
}

/**
 * Provisions the same machines, bare again, with the product's scripts and parameters over plain OpenSSH.
 * @throws Error with what a machine said when a step fails.
 */
export async function provisionByHand(options: HandOptions): Promise<HandRun> {
  const { lab, cluster, nodes, signal } = options;
  // Short: the path of a control socket has at most 108 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'hand-'));
  try {
    const facts = new Map(nodes.map((node) => [node.hostname, node.facts as MachineFacts]));
    await writeHandPlan(folder, { lab, cluster, facts });
    signal.throwIfAborted();
    const startedAt = Date.now();
    await run([SCRIPT, folder, lab.privateKeyPath], signal);
    const seconds = (Date.now() - startedAt) / 1000;
    return { seconds, startedAt, steps: parseTimes(await readFile(join(folder, 'times'), 'utf8')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A group of its own, so that a stop reaches every ssh in it. */
async function run(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn('bash', args, { stdio: ['ignore', 'inherit', 'pipe'], detached: true });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-8_000);
  });
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`by hand: exit code ${String(code)}\n${complaints}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Rows of `machine step from to`, milliseconds. */
export function parseTimes(text: string): TimedStep[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [hostname = '', step = '', from, to] = line.split(' ');
      return { hostname, step: step as StepName, startedAt: Number(from), endedAt: Number(to) };
    });
}
