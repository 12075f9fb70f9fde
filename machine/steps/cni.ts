import { CALICO_MANIFEST, calicoManifest, networkWorkloads } from '../manifests/calico.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

const upstream = ({ manifests }: StepContext): string => manifests?.[CALICO_MANIFEST] ?? '';

export const cniStep: StepModule = {
  name: 'cni',
  script: ['control-plane-lib.sh', 'cni.sh'],
  timeoutSeconds: 300,
  manifests: () => [CALICO_MANIFEST],
  params: (context) => ({
    ...nodeParams(context),
    MANIFEST: calicoManifest(upstream(context), context.spec),
  }),
};

/** How long nothing may come of a roll-out. An agent that has its image is replaced in well under a minute. */
const QUIET_SECONDS = 300;

export const cniRolloutStep: StepModule = {
  name: 'cni-rollout',
  script: ['control-plane-lib.sh', 'cni-rollout.sh'],
  // One by one on a thousand nodes, where the spec does not say that it may be more at once.
  timeoutSeconds: 6 * 3_600,
  manifests: () => [CALICO_MANIFEST],
  params: (context) => ({
    ...nodeParams(context),
    WORKLOADS: networkWorkloads(upstream(context)).join('\n'),
    QUIET_SECONDS: String(QUIET_SECONDS),
  }),
};
