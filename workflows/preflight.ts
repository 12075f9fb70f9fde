import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  setCurrentDetails,
} from '@temporalio/workflow';

import type { Unreachable } from '../activities/preflightCluster.js';
import type { StepFailure } from '../core/errors.js';
import { describeFailure, rootFailure } from './failures.js';
import type { OperationInput } from './input.js';
import { checks, contact } from './proxies.js';

/** Connections made at once: under sshd's own limits and the worker's. */
const WINDOW = 50;

/** Facts of all machines at once, then every check over all of them: nothing is changed before this passes. */
export async function preflight(
  input: OperationInput,
  hostnames: readonly string[],
): Promise<void> {
  const unreachable: Unreachable[] = [];
  let running = 0;
  setCurrentDetails(`Looks at ${String(hostnames.length)} machines before it changes any`);
  const all: Promise<void>[] = [];
  for (const hostname of hostnames) {
    await condition(() => running < WINDOW);
    running += 1;
    all.push(gather(hostname));
  }
  await Promise.all(all);
  await checks.preflightCluster.executeWithOptions({ summary: 'Preflight over all machines' }, [
    input.ref,
    { hostnames: [...hostnames], unreachable },
  ]);

  async function gather(hostname: string): Promise<void> {
    try {
      await contact.gatherFacts.executeWithOptions({ summary: `${hostname}: Gather facts` }, [
        { ...input.ref, hostname },
      ]);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const root = rootFailure(error);
      const failure =
        root instanceof ApplicationFailure
          ? ((root.details?.[0] ?? {}) as Partial<StepFailure>)
          : undefined;
      unreachable.push({
        hostname,
        message: root instanceof ApplicationFailure ? root.message : describeFailure(error),
        ...(failure?.hint === undefined ? {} : { hint: failure.hint }),
      });
    } finally {
      running -= 1;
    }
  }
}
