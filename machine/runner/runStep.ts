import { randomBytes } from 'node:crypto';

import type { Connection, RemoteProcess } from '../connection.js';
import { spawn, untilEnd } from '../exec.js';
import { cancelled, connectionLost } from '../failures.js';
import { commandFailed, notRun } from '../rootCommand.js';
import type { MachineTarget, StepHooks, StepRun, StepRunResult } from '../types.js';
import { Follower } from './follower.js';
import { buildRequest } from './request.js';
import { bashFromStdin, launcher } from './scripts.js';

/** The machine gives a follower up after 60 s of silence, so that none outlives a connection that broke without a word. */
const HEARTBEAT_MS = 20_000;

/**
 * Starts a step's run on the machine, or attaches to it, and follows it to its end: one exec in all.
 * See MachineSession.runStep.
 */
export async function runStep(
  connection: Connection,
  target: MachineTarget,
  run: StepRun,
  hooks: StepHooks = {},
): Promise<StepRunResult> {
  if (hooks.signal?.aborted) throw cancelled(target.node);
  const from = hooks.fromOffset ?? 0;
  const request = buildRequest(run, from, randomBytes(12).toString('hex'));
  const control: { process?: RemoteProcess } = {};
  const follower = new Follower(
    target,
    request.nonce,
    { from, onLines: hooks.onLines?.bind(hooks), onBegun: hooks.onBegun?.bind(hooks) },
    (sha) => {
      const script = request.scripts.get(sha) ?? '';
      void control.process?.write(`${String(Buffer.byteLength(script))}\n${script}`);
    },
  );
  const process = await spawn(connection, target, bashFromStdin(launcher), follower);
  control.process = process;
  const heartbeat = setInterval(() => {
    if (follower.following) void process.write('\n');
  }, HEARTBEAT_MS);
  try {
    void process.write(request.stdin);
    const ended = untilEnd(process, target, { signal: hooks.signal });
    const result = await Promise.race([follower.result, ended]);
    if ('outcome' in result) return result;
    // The launcher is gone; what it said last may be the result all the same.
    if (follower.settled) return await follower.result;
    // It gave up on us (no heartbeat came through in time), or was killed: the run goes on.
    if (follower.following || result.code === 0) throw connectionLost(target.node);
    throw (
      notRun(target, result.code, follower.noise) ??
      commandFailed(
        target,
        run.step,
        `the step could not be started: ${follower.noise.trim() || 'no answer'}`,
      )
    );
  } finally {
    clearInterval(heartbeat);
    process.end();
  }
}
