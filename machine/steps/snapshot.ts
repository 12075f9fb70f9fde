import { AppError, ErrorCode } from '../../core/errors.js';
import type { StepContext, StepModule } from './types.js';

/** Folder of a control plane's machine that holds a snapshot until it is fetched. */
export const SNAPSHOT_FOLDER = '/var/lib/plinth/snapshot';

export const snapshotTakeStep: StepModule = {
  name: 'snapshot-take',
  script: ['etcd-lib.sh', 'etcd-snapshot-lib.sh', 'snapshot-take.sh'],
  timeoutSeconds: 1_200,
  beside: true,
  params: (context) => ({ SNAPSHOT: snapshotId(context) }),
};

export const clusterKeysStep: StepModule = {
  name: 'cluster-keys',
  script: ['cluster-keys.sh'],
  timeoutSeconds: 30,
  beside: true,
  params: () => ({}),
  // Its result is a secret: without an owner a run keeps everything on tmpfs.
  withoutOwner: true,
};

function snapshotId({ snapshot, node }: StepContext): string {
  if (snapshot !== undefined) return snapshot;
  throw new AppError(ErrorCode.Internal, `no snapshot was named for ${node.hostname}`);
}
