import type { StepModule } from './types.js';

/** Learns everything about a machine in one round trip, and changes nothing. */
export const factsStep: StepModule = {
  name: 'facts',
  script: ['facts.sh'],
  // Half a second where nothing hangs; a dead NFS mount can make df wait.
  timeoutSeconds: 60,
  params: () => ({}),
  withoutOwner: true,
};
