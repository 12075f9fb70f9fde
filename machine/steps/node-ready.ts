import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

/** Image pulls of the network plugin on a slow line are the longest that may be normal. */
const WAIT_SECONDS = 600;

export const nodeReadyStep: StepModule = {
  name: 'node-ready',
  script: ['control-plane-lib.sh', 'certificates-lib.sh', 'node-ready.sh'],
  timeoutSeconds: WAIT_SECONDS + 60,
  params: (context) => ({ ...nodeParams(context), WAIT_SECONDS: String(WAIT_SECONDS) }),
};
