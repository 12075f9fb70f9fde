import type { MachineSession } from '../types.js';
import { lookCommand, lookScript, type LookPart } from './lookScript.js';
import { parseLook, type LookRows } from './parseLook.js';

/** What a look takes at most, its connection not counted: a tenth of a second where nothing hangs. */
export const LOOK_TIMEOUT_MS = 20_000;

/**
 * Looks at a machine, and through it at its cluster, in one command.
 * @throws AppError ConnectionLost, Cancelled (it was late) or StepFailed.
 */
export async function lookAtMachine(
  session: MachineSession,
  of: { clusterId: string; parts: readonly LookPart[] },
): Promise<LookRows> {
  const at = Date.now();
  const { stdout } = await session.exec(lookCommand(of.parts), {
    stdin: lookScript(),
    // The machine ends it by itself; one that does not even do that is not waited for.
    timeoutMs: LOOK_TIMEOUT_MS - 2_000,
    signal: AbortSignal.timeout(LOOK_TIMEOUT_MS),
  });
  return parseLook(stdout, { clusterId: of.clusterId, at, until: Date.now() });
}
