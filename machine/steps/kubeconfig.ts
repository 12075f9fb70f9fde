import type { StepModule } from './types.js';

export const kubeconfigStep: StepModule = {
  name: 'kubeconfig',
  script: ['kubeconfig.sh'],
  timeoutSeconds: 30,
  beside: true,
  params: () => ({}),
  // Its result is a secret: without an owner a run keeps everything on tmpfs.
  withoutOwner: true,
};
