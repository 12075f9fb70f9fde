import { joinConfig } from '../kubeadm/config.js';
import { apiEndpoint } from '../kubeadm/endpoint.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

const script = [
  'control-plane-lib.sh',
  'etcd-lib.sh',
  'etcd-quorum.sh',
  'kubeadm-join.sh',
] as const;

function params(context: StepContext): Record<string, string> {
  return {
    ...nodeParams(context),
    CONFIG: joinConfig(context),
    TOKEN_ID: context.join?.token.split('.')[0] ?? '',
    CA_CERT_HASH: context.join?.caCertHash ?? '',
    ENDPOINT: `https://${apiEndpoint(context.spec).address}`,
    EXTERNAL: String(apiEndpoint(context.spec).external),
    OTHERS: context.controlPlanes
      .map(({ privateIP }) => privateIP)
      .filter((address) => address !== context.node.privateIP)
      .join(' '),
    CONTROL_PLANE: String(context.join?.certificateKey !== undefined),
  };
}

export const kubeadmJoinStep: StepModule = {
  name: 'kubeadm-join',
  script,
  // Discovery and TLS bootstrap may each take kubeadm's own 5 minutes.
  timeoutSeconds: 900,
  params,
};

export const kubeadmJoinControlPlaneStep: StepModule = {
  name: 'kubeadm-join-control-plane',
  script,
  // Killed in the middle, it may leave a member of etcd that never starts, and with a vote (before 1.29) no quorum of two.
  finishes: true,
  timeoutSeconds: 900,
  params,
};
