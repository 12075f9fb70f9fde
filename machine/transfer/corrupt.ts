import type { Artifact } from '../../core/artifacts.js';
import { AppError, ErrorCode } from '../../core/errors.js';

/** A bundle file that is not what the index says. */
export function corrupt(artifact: Artifact, why: string): AppError {
  return new AppError(
    ErrorCode.ArtifactCorrupt,
    `${artifact.path} is not the file of the index (SHA-256 ${artifact.sha256}, ${String(artifact.size)} bytes): ${why}`,
  );
}
