import type { NodeRole } from './namedImage.js';

/** One file of the bundle. */
export interface Artifact {
  /** Relative to the bundle's folder. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly kind: 'binary' | 'image' | 'manifest' | 'package' | 'cni';
  readonly name: string;
  readonly version: string;
  readonly arch: 'amd64' | 'all';
  /** Packages: the distribution they belong to. */
  readonly os?: string;
  /** The Kubernetes versions it serves; any, when absent. */
  readonly kubernetes?: readonly string[];
  /** Images: the names it is imported under. */
  readonly images?: readonly string[];
  /** Images: which nodes need it. */
  readonly roles?: readonly NodeRole[];
}

export interface BundleIndex {
  readonly schemaVersion: 1;
  readonly artifacts: readonly Artifact[];
}

/**
 * The index of a bundle made of parts. A file that several Kubernetes versions share, such as pause,
 * stands there once, serving all of them.
 *
 * @throws Error when two parts claim one path with different content.
 */
export function makeIndex(parts: readonly (readonly Artifact[])[]): BundleIndex {
  const byPath = new Map<string, Artifact>();
  for (const artifact of parts.flat()) {
    const known = byPath.get(artifact.path);
    if (known !== undefined && known.sha256 !== artifact.sha256) {
      throw new Error(`${artifact.path} is in the bundle twice, with different content`);
    }
    byPath.set(artifact.path, known === undefined ? artifact : merge(known, artifact));
  }
  const artifacts = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { schemaVersion: 1, artifacts };
}

function merge(a: Artifact, b: Artifact): Artifact {
  const { kubernetes: ofA, ...rest } = a;
  if (ofA === undefined || b.kubernetes === undefined) return rest;
  return { ...rest, kubernetes: [...new Set([...ofA, ...b.kubernetes])].sort() };
}
