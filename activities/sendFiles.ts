import { Readable } from 'node:stream';

import { Context } from '@temporalio/activity';

import type { Artifact } from '../core/artifacts.js';
import type { StepContext } from '../machine/steps/types.js';
import type { MachineSession } from '../machine/types.js';
import { addonBytes } from './blueprintContext.js';
import type { ActivityDeps } from './deps.js';

/** Sends files, as far as the machine lacks them; `stay`: seen there once in the taskset is enough. */
export type Send = (artifacts: readonly Artifact[], stay?: boolean) => Promise<void>;

/** For a step: a bundle's files, and those of its blueprint's add-ons. */
export function sender(
  deps: Pick<ActivityDeps, 'source'>,
  session: Pick<MachineSession, 'ensureArtifacts'>,
  { context, tasksetId }: { context: StepContext; tasksetId: string },
): Send {
  const own = addonBytes(context);
  const open = (artifact: Artifact, from: number): NodeJS.ReadableStream => {
    const bytes = own.get(artifact.sha256);
    if (bytes === undefined) return deps.source.open(artifact, from);
    return Readable.from([bytes.subarray(from)]);
  };
  const { cancellationSignal: signal } = Context.current();
  return async (artifacts, stay = false) => {
    if (artifacts.length === 0) return;
    const within = stay ? { within: tasksetId } : {};
    await session.ensureArtifacts(artifacts, open, { signal, ...within });
  };
}

/**
 * Files of steps to come, which travel from the moment at which the run has begun: before, the machine may be somebody
 * else's. That they do not arrive is of no account here, and shows where they are needed. `end` waits for them.
 */
export function sendAhead(
  send: Send,
  artifacts: () => readonly Artifact[],
): { begin: () => void; end: () => Promise<void> } {
  let sent: Promise<void> = Promise.resolve();
  const sendAll = async (): Promise<void> => send(artifacts(), true);
  return {
    begin: () => {
      sent = sendAll().catch(() => undefined);
    },
    end: () => sent,
  };
}
