import type { StepModule } from './types.js';

/** Puts back what `claim` and the steps recorded. Needs no network. */
export const restoreStep: StepModule = {
  name: 'restore',
  script: ['ledger.sh', 'restore.sh'],
  finishes: true,
  // Purging packages on a slow disk.
  timeoutSeconds: 600,
  params: () => ({}),
};
