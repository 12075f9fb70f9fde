import type { StepFailure } from '../../core/errors.js';
import type { NodeStepRecord } from '../../core/records.js';
import type { StepName } from '../../core/steps.js';
import type { OperationName } from '../../core/words.js';
import { stepTitle } from './stepOrder.js';

/** One step of one node. Times are RFC 3339; the unit's are those of the machine's own clock. */
export interface StepView {
  name: StepName;
  title: string;
  state: NodeStepRecord['state'];
  tasksetId?: string;
  operation?: OperationName;
  attempt?: number;
  startedAt?: string;
  endedAt?: string;
  unitStartedAt?: string;
  unitEndedAt?: string;
  failure?: StepFailure & { message: string };
}

export function stepView(name: StepName, record: NodeStepRecord): StepView {
  const { state, tasksetId, operation, attempt, failure } = record;
  return {
    ...{ name, title: stepTitle(name), state, tasksetId, operation, attempt },
    ...time('startedAt', record.startedAt),
    ...time('endedAt', record.endedAt),
    ...time('unitStartedAt', record.unitStartedAt),
    ...time('unitEndedAt', record.unitEndedAt),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** A step that is planned and has not begun. */
export function pendingStepView(name: StepName): StepView {
  return { name, title: stepTitle(name), state: 'pending' };
}

function time<K extends string>(key: K, ms: number | undefined): Partial<Record<K, string>> {
  if (ms === undefined) return {};
  return { [key]: new Date(ms).toISOString() } as Partial<Record<K, string>>;
}

/** In the order in which they began; what has not begun comes last, as planned. */
export function inOrder(steps: readonly StepView[]): StepView[] {
  const at = ({ startedAt }: StepView): number =>
    startedAt === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(startedAt);
  return steps.toSorted((a, b) => at(a) - at(b));
}
