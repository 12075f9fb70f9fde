import type { Connection } from './connection.js';
import { exec } from './exec.js';
import { cancelRun } from './runner/cancelRun.js';
import { runStep } from './runner/runStep.js';
import type { Slots } from './slots.js';
import { ensureArtifacts } from './transfer/ensureArtifacts.js';
import type { SeenArtifacts } from './transfer/seenArtifacts.js';
import type { MachineSession, MachineTarget } from './types.js';

/** What all who share a connection have in common. */
export interface Shared {
  /** Bounds the uploads at the same time. */
  transfers: Slots;
  seen: SeenArtifacts;
}

/** One machine over a connection that others use too. */
export function createSession(
  connection: Connection,
  target: MachineTarget,
  { transfers, seen }: Shared,
): MachineSession {
  return {
    node: target.node,
    hostKey: connection.hostKey,
    ...(connection.bastionHostKey === undefined
      ? {}
      : { bastionHostKey: connection.bastionHostKey }),
    exec: (command, options) => exec(connection, target, command, options),
    runStep: async (run, hooks) => {
      const result = await runStep(connection, target, run, hooks);
      // It lacks what was thought to be there, or is given back.
      if (result.results['again'] !== undefined || !run.requireOwner) seen.forget();
      return result;
    },
    cancelRun: (runId) => cancelRun(connection, target, runId),
    ensureArtifacts: async (artifacts, open, hooks) => {
      const { within, ...options } = hooks ?? {};
      const wanted = within === undefined ? artifacts : seen.unseen(within, artifacts);
      if (wanted.length === 0) return { sent: 0, bytes: 0 };
      // The machine takes one file at a time: of two callers that lack the same one, the second finds it there.
      await transfers.acquire();
      try {
        const sent = await ensureArtifacts(connection, target, {
          ...{ artifacts: wanted, open },
          ...options,
        });
        if (within !== undefined) seen.note(within, wanted);
        return sent;
      } finally {
        transfers.release();
      }
    },
  };
}
