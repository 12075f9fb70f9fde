import type { StepModule } from './types.js';

/** Gives the machine back: the owner file goes last, but for the run's own files, which the runner takes away. */
export const releaseStep: StepModule = {
  name: 'release',
  script: ['release.sh'],
  finishes: true,
  timeoutSeconds: 120,
  params: () => ({}),
  withoutOwner: true,
  last: true,
};
