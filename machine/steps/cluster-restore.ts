import { AppError, ErrorCode } from '../../core/errors.js';
import { initConfig, skippedPhases } from '../kubeadm/config.js';
import { apiEndpoint } from '../kubeadm/endpoint.js';
import { identity } from './kubeadm-init.js';
import { nodeParams } from './nodeParams.js';
import type { RestoreContext, StepContext, StepModule } from './types.js';

/** How long a node that is in no spec has to report: a kubelet does so every ten seconds. */
const PATIENCE_SECONDS = 30;

export const kubernetesStopStep: StepModule = {
  name: 'kubernetes-stop',
  script: ['static-pods-lib.sh', 'kubernetes-stop.sh'],
  timeoutSeconds: 180,
  finishes: true,
  params: (context) => ({ TURN: restoreOf(context).turn }),
};

export const etcdRestoreStep: StepModule = {
  name: 'etcd-restore',
  script: ['control-plane-lib.sh', 'static-pods-lib.sh', 'etcd-restore.sh'],
  // etcd reads and writes all of it once more.
  timeoutSeconds: 1_800,
  finishes: true,
  params: (context) => {
    const { id, turn, snapshot } = restoreOf(context);
    return {
      ...nodeParams(context),
      RESTORE: id,
      TURN: turn,
      PACKED: snapshot?.packedSha256 ?? '',
      SUM: snapshot?.sha256 ?? '',
      KEYS: snapshot?.keys ?? '',
    };
  },
};

export const controlPlaneRestoreStep: StepModule = {
  name: 'control-plane-restore',
  script: ['control-plane-lib.sh', 'static-pods-lib.sh', 'control-plane-restore.sh'],
  timeoutSeconds: 900,
  params: (context) => ({
    ...nodeParams(context),
    TURN: restoreOf(context).turn,
    CONFIG: initConfig(context),
    SKIP_PHASES: [...skippedPhases(context.spec.config.kubernetesVersion), 'addon'].join(','),
    IDENTITY: identity(context),
  }),
};

export const nodePruneStep: StepModule = {
  name: 'node-prune',
  script: ['control-plane-lib.sh', 'node-prune.sh'],
  timeoutSeconds: 300,
  params: (context) => {
    const { turn, others, keep } = restoreOf(context);
    return {
      TURN: turn,
      OTHERS: others.join(' '),
      KEEP: keep.join(' '),
      PATIENCE: String(PATIENCE_SECONDS),
    };
  },
};

export const controlPlaneResetStep: StepModule = {
  name: 'control-plane-reset',
  script: ['control-plane-lib.sh', 'static-pods-lib.sh', 'control-plane-reset.sh'],
  timeoutSeconds: 600,
  finishes: true,
  params: (context) => {
    const { id, turn } = restoreOf(context);
    return { ...nodeParams(context), RESTORE: id, TURN: turn };
  },
};

export const nodeRejoinStep: StepModule = {
  name: 'node-rejoin',
  script: ['control-plane-lib.sh', 'node-rejoin.sh'],
  timeoutSeconds: 300,
  params: (context) => ({
    ...nodeParams(context),
    ENDPOINT: `https://${apiEndpoint(context.spec).address}`,
  }),
};

export const systemRestartStep: StepModule = {
  name: 'system-restart',
  script: ['control-plane-lib.sh', 'system-restart.sh'],
  timeoutSeconds: 420,
  params: () => ({ WAIT_SECONDS: '180' }),
};

function restoreOf({ restore, node }: StepContext): RestoreContext {
  if (restore !== undefined) return restore;
  throw new AppError(ErrorCode.Internal, `no restore was named for ${node.hostname}`);
}
