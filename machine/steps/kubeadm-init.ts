import { initConfig } from '../kubeadm/config.js';
import { apiEndpoint, apiServerOf } from '../kubeadm/endpoint.js';
import { writeObjects } from '../kubernetesYaml.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

export const kubeadmInitStep: StepModule = {
  name: 'kubeadm-init',
  script: ['control-plane-lib.sh', 'kubeadm-init.sh'],
  // kubeadm's own waits are 4 minutes each for kubelet and control plane; a half-done one before counts too.
  timeoutSeconds: 900,
  params: (context) => ({
    ...nodeParams(context),
    CONFIG: initConfig(context),
    ENDPOINT: apiEndpoint(context.spec).address,
    EXTERNAL: String(apiEndpoint(context.spec).external),
    API_SERVER: apiServerOf(context.node.privateIP),
    FIRST_TOKENS: String(context.firstTokens?.length ?? 0),
    IDENTITY: identity(context),
  }),
};

/** Names the cluster inside itself: the proof that a control plane is this cluster's. */
export function identity({ cluster }: StepContext): string {
  return writeObjects([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'plinth-cluster', namespace: 'kube-system' },
      data: { id: cluster.id, name: cluster.name, project: cluster.project },
    },
  ]);
}
