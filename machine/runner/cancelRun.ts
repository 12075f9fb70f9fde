import type { Connection } from '../connection.js';
import { spawn, untilEnd } from '../exec.js';
import { commandFailed, notRun } from '../rootCommand.js';
import type { MachineTarget } from '../types.js';
import { checkRunId } from './request.js';
import { bashFromStdin, canceller } from './scripts.js';

/** TERM, KILL after 20 s, and then the wait for what another start holds the machine's lock for. */
const TIMEOUT_MS = 180_000;

/** Stops the unit of a run, if it is live, and waits until nothing of it runs. See MachineSession.cancelRun. */
export async function cancelRun(
  connection: Connection,
  target: MachineTarget,
  runId: string,
): Promise<void> {
  let stderr = '';
  const process = await spawn(connection, target, bashFromStdin(canceller), {
    stdout: () => undefined,
    stderr: (chunk) => (stderr = (stderr + chunk.toString()).slice(0, 4096)),
  });
  process.end(`${canceller}${checkRunId(runId)}\n`);
  const { code } = await untilEnd(process, target, { timeoutMs: TIMEOUT_MS });
  const refusal = notRun(target, code, stderr);
  if (refusal) throw refusal;
  if (code !== 0)
    throw commandFailed(
      target,
      'cancel',
      `the run ${runId} could not be stopped: ${stderr.trim()}`,
    );
}
