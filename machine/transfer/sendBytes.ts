import type { Artifact } from '../../core/artifacts.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import type { RemoteProcess } from '../connection.js';
import type { MachineSession } from '../types.js';
import { corrupt } from './corrupt.js';

export interface SendOptions {
  open: Parameters<MachineSession['ensureArtifacts']>[1];
  from: number;
  progress: (count: number) => void;
  /** Throws when the other side is gone: then reading on makes no sense. */
  check: () => void;
}

/**
 * Writes a file's bytes from `from` to its end, no faster than the machine takes them.
 * @throws AppError ArtifactMissing or ArtifactCorrupt when the source has not the bytes that the index promises.
 */
export async function sendBytes(
  process: RemoteProcess,
  artifact: Artifact,
  { open, from, progress, check }: SendOptions,
): Promise<void> {
  let left = artifact.size - from;
  const source = open(artifact, from) as NodeJS.ReadableStream & { destroy?(): void };
  try {
    for await (const chunk of chunksOf(source, artifact)) {
      left -= chunk.length;
      if (left < 0) throw corrupt(artifact, 'the source has more bytes');
      await process.write(chunk);
      check();
      progress(chunk.length);
    }
  } finally {
    source.destroy?.();
  }
  if (left > 0) throw corrupt(artifact, `the source ends ${String(left)} bytes early`);
}

async function* chunksOf(
  source: NodeJS.ReadableStream,
  artifact: Artifact,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      ErrorCode.ArtifactMissing,
      `${artifact.path} cannot be read from the artifacts' source: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
