import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

export const kubeadmUndoStep: StepModule = {
  name: 'kubeadm-undo',
  script: ['control-plane-lib.sh', 'kubeadm-undo.sh'],
  timeoutSeconds: 300,
  finishes: true,
  params: nodeParams,
};
