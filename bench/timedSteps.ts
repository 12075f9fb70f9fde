import type { StepName } from '../core/steps.js';
import type { TimedStep } from './criticalPath.js';

/** One node as the API shows it, as far as we look at it. */
export interface NodeOfApi {
  hostname: string;
  steps: StepOfApi[];
  facts?: unknown;
}

interface StepOfApi {
  name: StepName;
  startedAt?: string;
  endedAt?: string;
  unitStartedAt?: string;
  unitEndedAt?: string;
}

/** The steps of a node's latest operation that have ended. */
export function timedSteps({ hostname, steps }: NodeOfApi): TimedStep[] {
  return steps.flatMap((step) => timed(hostname, step));
}

/** The unit's own times where the work is the unit's; the worker's where it is a transfer or a reading of facts. */
function timed(hostname: string, step: StepOfApi): TimedStep[] {
  const at = (text: string | undefined): number => Date.parse(text ?? '');
  const begun = at(step.startedAt);
  const ended = at(step.endedAt);
  if (Number.isNaN(ended)) return [];
  const around = { begunAt: begun, doneAt: ended };
  const unit = { startedAt: at(step.unitStartedAt), endedAt: at(step.unitEndedAt) };
  const ofWorker = step.name === 'artifacts' || Number.isNaN(unit.endedAt);
  const { name } = step;
  if (ofWorker) return [{ hostname, step: name, startedAt: begun, endedAt: ended, ...around }];
  return [{ hostname, step: name, ...unit, ...around }];
}
