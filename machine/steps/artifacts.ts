import { binaries, cniPlugins, images, isBundle, packages } from '../artifacts/select.js';
import type { StepModule } from './types.js';

/** Sends everything the node will need that is large, while the machine is being prepared. */
export const artifactsStep: StepModule = {
  name: 'artifacts',
  script: ['artifacts.sh'],
  timeoutSeconds: 60,
  // Files travel while scripts run.
  beside: true,
  params: () => ({}),
  artifactsStay: true,
  // What is needed first is sent first.
  artifacts: (context) =>
    isBundle(context)
      ? [...packages(context), ...binaries(context), cniPlugins(context), ...images(context)]
      : [],
};
