import { calicoManifest } from '../manifests/calico.js';
import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

export const cniStep: StepModule = {
  name: 'cni',
  script: ['control-plane-lib.sh', 'cni.sh'],
  timeoutSeconds: 300,
  manifests: () => ['calico-vxlan'],
  params: (context) => ({
    ...nodeParams(context),
    MANIFEST: calicoManifest(context.manifests?.['calico-vxlan'] ?? '', context.spec),
  }),
};
