import { isControlPlane } from '../../core/plan.js';
import { apiServerOf } from '../kubeadm/endpoint.js';
import { PATCHES } from '../kubeadm/config.js';
import { kubeletPatch } from '../kubeadm/kubeletConfiguration.js';
import { ignoredPreflightErrors } from '../kubeadm/nodeRegistration.js';
import { binariesStep } from './binaries.js';
import { drainSeconds } from './drain.js';
import { nodeParams } from './nodeParams.js';
import type { StepContext, StepModule } from './types.js';

/** kubeadm alone, so that its own lists and checks are those of the new version before anything is changed. */
export const kubeadmBinaryStep: StepModule = {
  ...binariesStep,
  name: 'kubeadm-binary',
  params: (context) => {
    const params = binariesStep.params(context);
    const rows = (params['BINARIES'] ?? '').split('\n');
    return {
      ...params,
      BINARIES: rows.filter((row) => row.split(' ')[0] === 'kubeadm').join('\n'),
    };
  },
};

/** Snapshots that stay on a control plane's disk. */
const KEPT_SNAPSHOTS = 3;

export const etcdSnapshotStep: StepModule = {
  name: 'etcd-snapshot',
  script: ['etcd-lib.sh', 'etcd-snapshot-lib.sh', 'etcd-snapshot.sh'],
  timeoutSeconds: 900,
  params: (context) => ({
    LABEL: `before-${context.spec.config.kubernetesVersion}`,
    KEEP: String(KEPT_SNAPSHOTS),
  }),
};

export const kubeadmUpgradeStep: StepModule = {
  name: 'kubeadm-upgrade',
  script: [
    'control-plane-lib.sh',
    'etcd-lib.sh',
    'etcd-quorum.sh',
    'control-plane-wait.sh',
    'service-watches.sh',
    'parts-lib.sh',
    'api-server-yield.sh',
    'kubeadm-upgrade.sh',
  ],
  finishes: true,
  // kubeadm waits for each static pod for up to five minutes, and goes back by itself when one does not come.
  timeoutSeconds: 1800,
  params: (context) => ({
    ...controlPlaneParams(context),
    ARGUMENTS: upgradeArguments(context).join(' '),
  }),
};

function controlPlaneParams(context: StepContext): Record<string, string> {
  return {
    ...nodeParams(context),
    CONTROL_PLANE: String(isControlPlane(context.node)),
    CONTROL_PLANES: String(context.controlPlanes.length),
    API_SERVERS: context.controlPlanes.map(({ privateIP }) => apiServerOf(privateIP)).join('\n'),
  };
}

function upgradeArguments(context: StepContext): string[] {
  const ignored = ignoredPreflightErrors(context.spec, context.facts);
  return [
    ...(kubeletPatch(context) === '' ? [] : [`--patches=${PATCHES}`]),
    ...(ignored.length === 0 ? [] : [`--ignore-preflight-errors=${ignored.join(',')}`]),
  ];
}

/** The node that a step is about: another one's, or the machine itself where it is the only control plane. */
const aboutNode = ({ subject, node }: StepContext): string => (subject ?? node).hostname;

/** As `drain`, and it remembers who cordoned: what a person had cordoned stays so. */
export const upgradeDrainStep: StepModule = {
  name: 'upgrade-drain',
  script: ['leave.sh', 'endpoints-follow.sh', 'cordon.sh', 'drain.sh'],
  timeoutSeconds: 240,
  patience: drainSeconds,
  beside: true,
  params: (context) => ({
    SUBJECT: aboutNode(context),
    DRAIN_SECONDS: String(drainSeconds(context)),
    ...{ ENDPOINTS: 'required', ENDPOINTS_SECONDS: '180' },
  }),
};

export const uncordonStep: StepModule = {
  name: 'uncordon',
  script: ['leave.sh', 'uncordon.sh'],
  timeoutSeconds: 180,
  beside: true,
  params: (context) => ({ SUBJECT: aboutNode(context) }),
};

/** How long etcd and the API server may take to end and to start again under the new kubelet. */
const FOLLOW_SECONDS = 240;

export const kubeletRestartStep: StepModule = {
  name: 'kubelet-restart',
  script: [
    ...(['control-plane-lib.sh', 'etcd-lib.sh', 'etcd-quorum.sh'] as const),
    ...(['control-plane-wait.sh', 'service-watches.sh', 'parts-lib.sh'] as const),
    'static-pods-follow.sh',
    'kubelet-restart.sh',
  ],
  finishes: true,
  // Until the kubelet is healthy, the API server before and the static pods after it, and who watches it.
  timeoutSeconds: 180 + 240 + FOLLOW_SECONDS + 240,
  params: (context) => ({
    ...controlPlaneParams(context),
    API_SERVER: apiServerOf(context.node.privateIP),
    FOLLOW_SECONDS: String(FOLLOW_SECONDS),
  }),
};
