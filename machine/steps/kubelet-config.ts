import { initConfig } from '../kubeadm/config.js';
import { kubeletPatch } from '../kubeadm/kubeletConfiguration.js';
import { kubeletFlags } from '../kubeadm/nodeRegistration.js';
import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

/** What nodes are given that join later, and what `kubelet-config` makes a node's configuration of. */
export const kubeletConfigUploadStep: StepModule = {
  name: 'kubelet-config-upload',
  script: ['control-plane-lib.sh', 'kubelet-config-upload.sh'],
  timeoutSeconds: 120,
  params: (context) => ({ ...nodeParams(context), CONFIG: initConfig(context) }),
};

/** A kubelet is Ready within seconds; on a busy machine it takes longer to say so. */
const READY_SECONDS = 180;

export const kubeletConfigStep: StepModule = {
  name: 'kubelet-config',
  script: ['ledger.sh', 'control-plane-lib.sh', 'kubelet-config.sh'],
  // Killed in the middle, the kubelet would be left with half of it until the next attempt.
  finishes: true,
  timeoutSeconds: 600,
  params: (context) => ({
    ...nodeParams(context),
    KUBELET_PATCH: kubeletPatch(context),
    READY_SECONDS: String(READY_SECONDS),
    FLAGS: Object.entries(kubeletFlags(context))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `--${name}=${value}`)
      .join('\n'),
  }),
};
