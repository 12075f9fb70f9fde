import { randomUUID } from 'node:crypto';

import type { Logger } from '../activities/deps.js';
import type { ArtifactHolding } from '../core/artifactHoldings.js';
import type { WorkerStore } from '../store/workerStore.js';

const EVERY_MS = 30_000;

/**
 * Tells again and again, from now on until it is stopped, that this worker lives and what its artifacts hold. The
 * database may be away: it is told once it is back.
 */
export async function tellHoldings(
  workers: WorkerStore,
  holds: ArtifactHolding,
  { log, everyMs = EVERY_MS }: { log: Logger; everyMs?: number },
): Promise<{ stop(): Promise<void> }> {
  const id = randomUUID();
  let telling: Promise<void> = Promise.resolve();
  const tell = (): Promise<void> =>
    workers.beat(id, holds).catch((error: unknown) => {
      log.warn({ error: String(error) }, 'what the artifacts hold is not told: trying again');
    });
  await tell();
  const timer = setInterval(() => {
    telling = tell();
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      // What is under way must not bring it back.
      await telling;
      await workers.forget(id).catch(() => undefined);
    },
  };
}
