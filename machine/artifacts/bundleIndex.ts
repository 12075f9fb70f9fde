import type { Artifact, BundleIndex } from '../../core/artifacts.js';
import { AppError, ErrorCode } from '../../core/errors.js';

const KINDS: readonly string[] = ['binary', 'image', 'manifest', 'package', 'cni'];

/**
 * Reads a bundle's `index.json`. Every entry is checked, so that a bad index is one clear error at the start
 * and not a failed step on a machine.
 * @throws AppError ArtifactCorrupt naming the entry and what is wrong with it.
 */
export function parseBundleIndex(text: string, where: string): BundleIndex {
  const index = parseJson(text, where) as Partial<BundleIndex>;
  if (index.schemaVersion !== 1 || !Array.isArray(index.artifacts)) {
    throw corrupt(where, 'it must have schemaVersion 1 and a list of artifacts');
  }
  const seen = new Set<string>();
  for (const [position, artifact] of index.artifacts.entries()) {
    const problem = problemOf(artifact, seen);
    if (problem !== undefined) throw corrupt(where, `artifacts[${String(position)}]: ${problem}`);
    seen.add(artifact.path);
  }
  return { schemaVersion: 1, artifacts: index.artifacts };
}

function problemOf(artifact: Artifact, seen: ReadonlySet<string>): string | undefined {
  const { path, sha256, size, kind } = artifact as Partial<Artifact>;
  if (typeof path !== 'string' || path === '') return 'no path';
  if (path.startsWith('/') || path.split('/').includes('..'))
    return `path ${path} leaves the bundle`;
  if (seen.has(path)) return `path ${path} is there twice`;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return `${path}: no sha256`;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return `${path}: no size`;
  if (typeof kind !== 'string' || !KINDS.includes(kind)) return `${path}: unknown kind`;
  if (typeof artifact.name !== 'string' || typeof artifact.version !== 'string') {
    return `${path}: no name or version`;
  }
  return undefined;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(where, 'it is not JSON', cause);
  }
}

function corrupt(where: string, problem: string, cause?: unknown): AppError {
  return new AppError(ErrorCode.ArtifactCorrupt, `bundle index ${where}: ${problem}`, { cause });
}
