import { isBundle, packages } from '../artifacts/select.js';
import type { StepModule } from './types.js';

/** Makes the machine this cluster's and records what it was like, so that `restore` can undo everything. */
export const claimStep: StepModule = {
  name: 'claim',
  script: ['packages-lib.sh', 'claim.sh'],
  finishes: true,
  // Two seconds; a slow disk with a large package database may take longer.
  timeoutSeconds: 120,
  params: () => ({}),
  // What is needed first: the script waits for the disk, these for the network.
  ahead: (context) => (isBundle(context) ? packages(context) : []),
};
