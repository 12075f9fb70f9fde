import type { Page, Slice } from './page.js';

/** A snapshot of a cluster's etcd, without its bytes and its keys: those lie sealed in chunks and among the secrets. */
export interface SnapshotRecord {
  /** Of the operation that was asked for: letters, digits and dashes, at most 64. */
  id: string;
  clusterId: string;
  /** When it was taken. */
  createdAt: string;
  /** The hostname of the control plane that it was taken on. */
  node: string;
  kubernetesVersion: string;
  /** Of etcd, when it was begun. */
  revision?: string;
  /** Bytes, and their sum, as etcd gave it. */
  size: number;
  sha256: string;
  /** The same compressed: what the chunks hold. */
  packedSize: number;
  packedSha256: string;
  chunks: number;
  /** All of it is here and was read back. */
  complete: boolean;
  completedAt?: string;
}

export interface SnapshotStore {
  /** Makes it, or goes on with the one of this id where its bytes are the same. NotFound when the cluster is gone. */
  begin(record: Omit<SnapshotRecord, 'complete' | 'completedAt'>): Promise<void>;
  /** At most 1 MB. Writing it again changes nothing. */
  putChunk(
    clusterId: string,
    id: string,
    chunk: { index: number; sealed: Uint8Array },
  ): Promise<void>;
  /** How many there are: they are put in order. */
  chunkCount(clusterId: string, id: string): Promise<number>;
  getChunk(clusterId: string, id: string, index: number): Promise<Buffer | undefined>;
  complete(clusterId: string, id: string): Promise<void>;
  get(clusterId: string, id: string): Promise<SnapshotRecord | undefined>;
  /** Newest first, without those that are not complete. */
  list(
    clusterId: string,
    page: Page<Pick<SnapshotRecord, 'createdAt' | 'id'>>,
  ): Promise<Slice<SnapshotRecord>>;
  /** Newest first, with those that are not complete. */
  all(clusterId: string): Promise<SnapshotRecord[]>;
  /** With its chunks; false when there is none. */
  remove(clusterId: string, id: string): Promise<boolean>;
}
