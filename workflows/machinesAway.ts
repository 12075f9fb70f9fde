import { ActivityFailure, condition, isCancellation } from '@temporalio/workflow';

import { isAway } from '../core/machineAway.js';
import { describeFailure, failureType } from './failures.js';
import type { OperationInput } from './input.js';
import { contact } from './proxies.js';

/** Connections made at once: as of a preflight. */
const WINDOW = 50;

/**
 * Of the nodes of an operation that is forced, those whose machine does not let us in, and why, in words. None where it
 * is not forced: then nobody is asked.
 */
export async function machinesAway(input: OperationInput): Promise<ReadonlyMap<string, string>> {
  if (input.away !== undefined) return new Map(input.away);
  const away = new Map<string, string>();
  if (input.plan.force !== true) return away;
  let running = 0;
  const all: Promise<void>[] = [];
  for (const { hostname } of input.plan.nodes) {
    await condition(() => running < WINDOW);
    running += 1;
    all.push(ask(hostname));
  }
  await Promise.all(all);
  // In the order of the plan, whoever was known first.
  return new Map(
    input.plan.nodes.flatMap(({ hostname }) => {
      const why = away.get(hostname);
      return why === undefined ? [] : [[hostname, why] as const];
    }),
  );

  async function ask(hostname: string): Promise<void> {
    try {
      await contact.gatherFacts.executeWithOptions({ summary: `${hostname}: Is it there?` }, [
        { ...input.ref, hostname },
      ]);
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      // Anything else, no worker that had the time to ask among it, says nothing of the machine: its steps will.
      if (isAway(failureType(error))) away.set(hostname, describeFailure(error));
    } finally {
      running -= 1;
    }
  }
}
