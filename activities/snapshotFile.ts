import { AppError, ErrorCode } from '../core/errors.js';
import { createChunkCipher, newFileKey, type ChunkCipher } from '../vault/chunkCipher.js';
import type { SnapshotRecord } from '../store/snapshotStore.js';
import type { ActivityDeps } from './deps.js';

/** Of the compressed file; sealed and encoded it stays under a megabyte, and within what one command may print. */
export const CHUNK_BYTES = 720 * 1024;

/** What is sealed beside a snapshot: rotating the master key reseals this, and the chunks stay as they are. */
interface SnapshotSecret {
  /** Of the chunks. */
  key: string;
  /** The cluster's own keys, as `cluster-keys` gave them. */
  keys: string;
}

export interface OpenSnapshot {
  record: SnapshotRecord;
  keys: string;
  /** The compressed bytes, from an offset on, a chunk at a time. */
  read(from?: number): AsyncGenerator<Buffer>;
}

export const snapshotSecretName = (id: string): string => `snapshot:${id}`;

/** Makes a snapshot's key, or finds the one that an earlier attempt made. */
export async function sealSnapshot(
  deps: ActivityDeps,
  { clusterId, id, keys }: { clusterId: string; id: string; keys: string },
): Promise<ChunkCipher> {
  const name = snapshotSecretName(id);
  const fresh: SnapshotSecret = { key: newFileKey(), keys };
  const kept = await deps.store.secrets.putIfAbsent(
    clusterId,
    name,
    deps.vault.seal(clusterId, JSON.stringify(fresh)),
  );
  const { key } = JSON.parse(deps.vault.open(clusterId, kept)) as SnapshotSecret;
  return createChunkCipher(key, `${clusterId}/${id}`);
}

/** @throws AppError NotFound for a snapshot that is not there, or not whole. */
export async function openSnapshot(
  deps: ActivityDeps,
  clusterId: string,
  id: string,
): Promise<OpenSnapshot> {
  const [record, sealed] = await Promise.all([
    deps.store.snapshots.get(clusterId, id),
    deps.store.secrets.get(clusterId, snapshotSecretName(id)),
  ]);
  if (record === undefined || sealed === undefined) {
    throw new AppError(ErrorCode.NotFound, `there is no snapshot ${id} of this cluster (any more)`);
  }
  const { key, keys } = JSON.parse(deps.vault.open(clusterId, sealed)) as SnapshotSecret;
  const cipher = createChunkCipher(key, `${clusterId}/${id}`);
  return { record, keys, read: (from = 0) => readChunks(deps, record, cipher, from) };
}

async function* readChunks(
  deps: ActivityDeps,
  { clusterId, id, chunks }: SnapshotRecord,
  cipher: ChunkCipher,
  from: number,
): AsyncGenerator<Buffer> {
  const first = Math.floor(from / CHUNK_BYTES);
  for (let index = first; index < chunks; index += 1) {
    const sealed = await deps.store.snapshots.getChunk(clusterId, id, index);
    if (sealed === undefined) {
      throw new AppError(ErrorCode.Internal, `part ${String(index)} of the snapshot ${id} is gone`);
    }
    const plain = cipher.open({ index, last: index === chunks - 1 }, sealed);
    yield index === first ? plain.subarray(from - first * CHUNK_BYTES) : plain;
  }
}
