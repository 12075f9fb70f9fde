import type { Connection } from './connection.js';
import { exec } from './exec.js';
import { cancelRun } from './runner/cancelRun.js';
import { runStep } from './runner/runStep.js';
import type { Slots } from './slots.js';
import { ensureArtifacts } from './transfer/ensureArtifacts.js';
import type { MachineSession, MachineTarget } from './types.js';

/** One machine over a connection that others use too; `transfers` bounds the uploads at the same time. */
export function createSession(
  connection: Connection,
  target: MachineTarget,
  transfers: Slots,
): MachineSession {
  return {
    node: target.node,
    hostKey: connection.hostKey,
    ...(connection.bastionHostKey === undefined
      ? {}
      : { bastionHostKey: connection.bastionHostKey }),
    exec: (command, options) => exec(connection, target, command, options),
    runStep: (run, hooks) => runStep(connection, target, run, hooks),
    cancelRun: (runId) => cancelRun(connection, target, runId),
    ensureArtifacts: async (artifacts, open, hooks) => {
      // The machine takes one file at a time: of two callers that lack the same one, the second finds it there.
      await transfers.acquire();
      try {
        return await ensureArtifacts(connection, target, { artifacts, open, ...hooks });
      } finally {
        transfers.release();
      }
    },
  };
}
