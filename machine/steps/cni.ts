import { calicoManifest, networkWorkloads } from '../manifests/calico.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

const MANIFEST = 'calico-vxlan';

const manifestOf = ({ manifests, spec }: Pick<StepContext, 'manifests' | 'spec'>): string =>
  calicoManifest(manifests?.[MANIFEST] ?? '', spec);

export const cniStep: StepModule = {
  name: 'cni',
  script: ['control-plane-lib.sh', 'cni.sh'],
  timeoutSeconds: 300,
  manifests: () => [MANIFEST],
  params: (context) => ({ ...nodeParams(context), MANIFEST: manifestOf(context) }),
};

/** How long nothing may come of a roll-out. An agent that has its image is replaced in well under a minute. */
const QUIET_SECONDS = 300;

export const cniRolloutStep: StepModule = {
  name: 'cni-rollout',
  script: ['control-plane-lib.sh', 'cni-rollout.sh'],
  // One by one on a thousand nodes, where the spec does not say that it may be more at once.
  timeoutSeconds: 6 * 3_600,
  manifests: () => [MANIFEST],
  params: (context) => ({
    ...nodeParams(context),
    WORKLOADS: networkWorkloads(manifestOf(context)).join('\n'),
    QUIET_SECONDS: String(QUIET_SECONDS),
  }),
};
