import { CancellationScope, isCancellation, setCurrentDetails } from '@temporalio/workflow';

import type { StepName } from '../core/steps.js';
import { clusterStepTitle } from './details.js';
import { stoppedAt } from './failures.js';
import type { OperationInput } from './input.js';
import { steps } from './proxies.js';

/** Steps through a control plane, one after another. */
export async function runClusterSteps(
  input: OperationInput,
  names: readonly StepName[],
  subject?: string,
): Promise<void> {
  for (const step of names) {
    const title = clusterStepTitle(step);
    const summary = subject === undefined ? title : `${subject}: ${title}`;
    setCurrentDetails(summary);
    const about = subject === undefined ? {} : { subject };
    const begun = !CancellationScope.current().consideredCancelled;
    try {
      await steps.runClusterStep.executeWithOptions({ summary }, [
        { ...input.ref, step, ...about },
      ]);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      const at = { step, ...(subject === undefined ? {} : { node: subject }) };
      throw stoppedAt(at, { begun });
    }
  }
}
