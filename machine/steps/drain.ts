import { DEFAULT_DRAIN_MINUTES } from '../../core/drain.js';
import { subjectOf } from './subject.js';
import type { StepContext, StepModule } from './types.js';

export function drainSeconds({ drainSeconds: seconds }: StepContext): number {
  return seconds ?? DEFAULT_DRAIN_MINUTES * 60;
}

/** How long volumes may be attached still before it fails and names them. */
const VOLUMES_SECONDS = 300;

/**
 * Cordons the subject, evicts its pods, honouring disruption budgets, and waits until their volumes are detached. Daemon
 * sets' pods stay.
 */
export const drainStep: StepModule = {
  name: 'drain',
  script: ['leave.sh', 'endpoints-follow.sh', 'cordon.sh', 'drain.sh', 'volumes-detached.sh'],
  timeoutSeconds: VOLUMES_SECONDS + 120,
  patience: drainSeconds,
  beside: true,
  params: (context) => ({
    SUBJECT: subjectOf(context, 'drain').hostname,
    DRAIN_SECONDS: String(drainSeconds(context)),
    VOLUMES_SECONDS: String(VOLUMES_SECONDS),
    // A node leaves even where the controllers are what is broken.
    ...{ ENDPOINTS: 'wanted', ENDPOINTS_SECONDS: '30' },
  }),
};
