import { subjectOf } from './subject.js';
import type { StepModule } from './types.js';

/** How long disruption budgets may hold a drain up before it fails and names the pod. */
export const DRAIN_SECONDS = 600;

/** How long volumes may be attached still before it fails and names them. */
const VOLUMES_SECONDS = 300;

/**
 * Cordons the subject, evicts its pods, honouring disruption budgets, and waits until their volumes are detached. Daemon
 * sets' pods stay.
 */
export const drainStep: StepModule = {
  name: 'drain',
  script: ['leave.sh', 'endpoints-follow.sh', 'cordon.sh', 'drain.sh', 'volumes-detached.sh'],
  timeoutSeconds: DRAIN_SECONDS + VOLUMES_SECONDS + 120,
  beside: true,
  params: (context) => ({
    SUBJECT: subjectOf(context, 'drain').hostname,
    DRAIN_SECONDS: String(DRAIN_SECONDS),
    VOLUMES_SECONDS: String(VOLUMES_SECONDS),
    // A node leaves even where the controllers are what is broken.
    ...{ ENDPOINTS: 'wanted', ENDPOINTS_SECONDS: '30' },
  }),
};
