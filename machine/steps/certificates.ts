import { AppError, ErrorCode } from '../../core/errors.js';
import { hostAndPort } from '../../core/apiEndpoint.js';
import { apiServerOf } from '../kubeadm/endpoint.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

/** What kubeadm itself waits for a static pod of an upgrade at most is 300 s; here no image is pulled. */
const HEALTH_SECONDS = 240;

export const certificatesRenewStep: StepModule = {
  name: 'certificates-renew',
  script: ['certificates-lib.sh', 'parts-lib.sh', 'renewal-lib.sh', 'certificates-renew.sh'],
  // A certificate and its key are two files.
  finishes: true,
  timeoutSeconds: 180,
  params: (context) => ({ ...nodeParams(context), RENEWAL: renewalOf(context) }),
};

export const staticPodsRestartStep: StepModule = {
  name: 'static-pods-restart',
  script: [
    ...(['control-plane-lib.sh', 'etcd-lib.sh', 'etcd-quorum.sh'] as const),
    ...([
      'control-plane-wait.sh',
      'certificates-lib.sh',
      'parts-lib.sh',
      'renewal-lib.sh',
    ] as const),
    'static-pods-restart.sh',
  ],
  // Each of the four parts may take a minute and a half to end.
  timeoutSeconds: 4 * (90 + HEALTH_SECONDS) + 120,
  params: (context) => ({
    ...nodeParams(context),
    RENEWAL: renewalOf(context),
    API_SERVER: apiServerOf(context.node.privateIP),
    ETCD_PEER: hostAndPort(context.node.privateIP, 2380),
    HEALTH_SECONDS: String(HEALTH_SECONDS),
  }),
};

export const certificatesVerifyStep: StepModule = {
  name: 'certificates-verify',
  script: [
    ...(['etcd-lib.sh', 'certificates-lib.sh', 'parts-lib.sh', 'renewal-lib.sh'] as const),
    'certificates-verify.sh',
  ],
  timeoutSeconds: 180,
  params: (context) => ({
    ...nodeParams(context),
    RENEWAL: renewalOf(context),
    API_SERVER: apiServerOf(context.node.privateIP),
    ETCD_PEER: hostAndPort(context.node.privateIP, 2380),
  }),
};

export const kubeletCertificatesStep: StepModule = {
  name: 'kubelet-certificates',
  script: ['control-plane-lib.sh', 'kubelet-certificates.sh'],
  // A thousand nodes, eight at a time.
  timeoutSeconds: 900,
  params: nodeParams,
};

function renewalOf({ renewal, node }: StepContext): string {
  if (renewal !== undefined) return renewal;
  throw new AppError(ErrorCode.Internal, `no renewal was named for ${node.hostname}`);
}
