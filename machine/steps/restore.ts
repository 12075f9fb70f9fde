import type { StepModule } from './types.js';

/** Puts back what `claim` and the steps recorded. Needs no network. */
export const restoreStep: StepModule = {
  name: 'restore',
  script: [
    ...['ledger.sh', 'packages-lib.sh', 'packages-undo.sh'],
    ...['sysctls-undo.sh', 'trust.sh', 'restore.sh'],
  ],
  finishes: true,
  // Purging packages on a slow disk.
  timeoutSeconds: 600,
  params: () => ({}),
};
