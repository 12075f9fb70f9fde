import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

export const checkInStep: StepModule = {
  name: 'check-in',
  script: ['control-plane-lib.sh', 'check-in.sh'],
  timeoutSeconds: 120,
  params: (context) => ({
    ...nodeParams(context),
    NODES: context.spec.config.nodes
      .map(({ hostname, privateIP }) => `${hostname} ${privateIP}`)
      .join('\n'),
  }),
};
