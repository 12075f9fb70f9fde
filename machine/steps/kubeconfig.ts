import type { StepModule } from './types.js';

export const kubeconfigStep: StepModule = {
  name: 'kubeconfig',
  script: ['kubeconfig.sh'],
  timeoutSeconds: 30,
  beside: true,
  params: () => ({}),
};
