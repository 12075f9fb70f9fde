import type { SnapshotRecord } from '../../store/snapshotStore.js';

export interface SnapshotView {
  id: string;
  createdAt: string;
  node: string;
  kubernetesVersion: string;
  etcdRevision?: string;
  size: number;
  storedSize: number;
  sha256: string;
}

export function snapshotView(record: SnapshotRecord): SnapshotView {
  const { id, createdAt, node, kubernetesVersion, revision, size, packedSize, sha256 } = record;
  return {
    ...{ id, createdAt, node, kubernetesVersion },
    ...(revision === undefined ? {} : { etcdRevision: revision }),
    ...{ size, storedSize: packedSize, sha256 },
  };
}
