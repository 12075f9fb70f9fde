import type { StepModule } from './types.js';

/** Stops and removes Kubernetes, from whatever state the creation was left in. */
export const resetStep: StepModule = {
  name: 'reset',
  script: ['ledger.sh', 'packages-lib.sh', 'kubernetes-down.sh', 'firewall-rules.sh', 'reset.sh'],
  finishes: true,
  // Seconds; unmounting and killing may hang on a dead network volume.
  timeoutSeconds: 300,
  params: () => ({}),
};
