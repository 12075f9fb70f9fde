import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { AppError, ErrorCode } from '../../core/errors.js';
import type { StepName } from '../../core/steps.js';
import type { OsFamily } from '../families.js';
import { apiEndpointStep } from './api-endpoint.js';
import { artifactsStep } from './artifacts.js';
import { binariesStep } from './binaries.js';
import {
  blueprintDriftStep,
  blueprintHealthStep,
  blueprintSyncStep,
  namespaceSyncStep,
} from './blueprint.js';
import {
  certificatesRenewStep,
  certificatesVerifyStep,
  kubeletCertificatesStep,
  staticPodsRestartStep,
} from './certificates.js';
import { checkInStep } from './check-in.js';
import { claimStep } from './claim.js';
import { cniRolloutStep, cniStep } from './cni.js';
import {
  controlPlaneResetStep,
  controlPlaneRestoreStep,
  etcdRestoreStep,
  kubernetesStopStep,
  nodePruneStep,
  nodeRejoinStep,
  systemRestartStep,
} from './cluster-restore.js';
import { containerRuntimeStep } from './container-runtime.js';
import { drainStep } from './drain.js';
import { etcdMemberCheckStep } from './etcd-member-check.js';
import { etcdMemberRemoveStep } from './etcd-member-remove.js';
import { factsStep } from './facts.js';
import { imagesStep } from './images.js';
import { joinCredentialsStep, joinTokenStep } from './join-credentials.js';
import { kubeadmInitStep } from './kubeadm-init.js';
import { kubeadmJoinControlPlaneStep, kubeadmJoinStep } from './kubeadm-join.js';
import { kubeadmUndoStep } from './kubeadm-undo.js';
import { kubeconfigStep } from './kubeconfig.js';
import { kubeletConfigStep, kubeletConfigUploadStep } from './kubelet-config.js';
import { nodeDeleteStep } from './node-delete.js';
import { nodeMetadataStep } from './node-metadata.js';
import { nodeReadyStep } from './node-ready.js';
import { osPrepareStep } from './os-prepare.js';
import { packagesStep } from './packages.js';
import { releaseStep } from './release.js';
import { resetStep } from './reset.js';
import { restoreStep } from './restore.js';
import { clusterKeysStep, snapshotTakeStep } from './snapshot.js';
import type { StepContext, StepModule } from './types.js';
import {
  etcdSnapshotStep,
  kubeadmBinaryStep,
  kubeadmUpgradeStep,
  kubeletRestartStep,
  uncordonStep,
  upgradeDrainStep,
} from './upgrade.js';

/** Every step there is. */
export const stepModules: readonly StepModule[] = [
  factsStep,
  claimStep,
  artifactsStep,
  osPrepareStep,
  packagesStep,
  containerRuntimeStep,
  apiEndpointStep,
  binariesStep,
  imagesStep,
  kubeadmInitStep,
  kubeconfigStep,
  cniStep,
  cniRolloutStep,
  joinCredentialsStep,
  joinTokenStep,
  kubeadmJoinStep,
  kubeadmJoinControlPlaneStep,
  kubeadmUndoStep,
  nodeReadyStep,
  checkInStep,
  nodeMetadataStep,
  namespaceSyncStep,
  blueprintSyncStep,
  blueprintHealthStep,
  blueprintDriftStep,
  kubeadmBinaryStep,
  etcdSnapshotStep,
  kubeadmUpgradeStep,
  upgradeDrainStep,
  kubeletRestartStep,
  kubeletConfigUploadStep,
  kubeletConfigStep,
  uncordonStep,
  snapshotTakeStep,
  clusterKeysStep,
  kubernetesStopStep,
  etcdRestoreStep,
  controlPlaneRestoreStep,
  nodePruneStep,
  controlPlaneResetStep,
  nodeRejoinStep,
  systemRestartStep,
  certificatesRenewStep,
  staticPodsRestartStep,
  certificatesVerifyStep,
  kubeletCertificatesStep,
  drainStep,
  etcdMemberCheckStep,
  etcdMemberRemoveStep,
  nodeDeleteStep,
  resetStep,
  restoreStep,
  releaseStep,
];

const byName = new Map(stepModules.map((module) => [module.name, module]));

/** @throws AppError Internal for a step that no module implements. */
export function stepModule(name: StepName): StepModule {
  const found = byName.get(name);
  if (found === undefined) throw new AppError(ErrorCode.Internal, `there is no step ${name}`);
  return found;
}

/** After how many seconds the machine stops the script. */
export function timeoutOf(module: StepModule, context: StepContext): number {
  return module.timeoutSeconds + (module.patience?.(context) ?? 0);
}

const texts = new Map<string, string>();

function text(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const read = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
  texts.set(file, read);
  return read;
}

/** A step's whole script: the prelude and the module's files, with the machine's family's among them. */
export function scriptText(module: StepModule, family: OsFamily): string {
  return ['prelude.sh', ...module.script]
    .map((file) => text(file.replace('{family}', family)))
    .join('\n');
}
