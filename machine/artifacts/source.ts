import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Artifact, BundleIndex } from '../../core/artifacts.js';
import type { ClusterSpec } from '../../core/cluster.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import type { ArtifactCatalog } from '../steps/types.js';
import { parseBundleIndex } from './bundleIndex.js';
import { platformOf, upstreamManifestUrl, upstreamUrl } from './upstream.js';

/** Where a cluster's files come from, chosen once by PLINTH_ARTIFACTS. */
export interface ArtifactSource {
  readonly catalog: ArtifactCatalog;
  /** A bundle file's bytes from an offset. */
  open(artifact: Artifact, from: number): NodeJS.ReadableStream;
  /** A manifest's text by its artifact's name, its sum verified where there is one. */
  manifest(name: string, spec: ClusterSpec): Promise<string>;
}

/**
 * `online`, a mirror's base URL, or a bundle's directory. Throws AppError ArtifactMissing when the place has
 * no readable index.
 */
export async function openArtifactSource(setting: string): Promise<ArtifactSource> {
  if (setting === 'online') return httpSource({ source: 'online', artifacts: [] });
  if (/^https?:\/\//.test(setting)) {
    const baseUrl = setting.replace(/\/+$/, '');
    return httpSource({ source: 'mirror', baseUrl, artifacts: [] });
  }
  return bundleSource(setting);
}

async function bundleSource(directory: string): Promise<ArtifactSource> {
  const index = await readIndex(directory);
  const catalog: ArtifactCatalog = { source: 'bundle', artifacts: index.artifacts };
  return {
    catalog,
    open: (artifact, from) =>
      createReadStream(join(directory, artifact.path), { start: from, highWaterMark: 1 << 20 }),
    manifest: async (name, spec) => {
      const artifact = bundled(index, name, spec);
      return verified(artifact, await readFile(join(directory, artifact.path), 'utf8'));
    },
  };
}

async function readIndex(directory: string): Promise<BundleIndex> {
  const path = join(directory, 'index.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError(ErrorCode.ArtifactMissing, `PLINTH_ARTIFACTS: no bundle index at ${path}`, {
      cause,
    });
  });
  const index = parseBundleIndex(text, path);
  await Promise.all(
    index.artifacts.map(async (artifact) => {
      const found = await stat(join(directory, artifact.path)).catch(() => undefined);
      if (found?.size === artifact.size) return;
      throw new AppError(
        ErrorCode.ArtifactCorrupt,
        `bundle file ${artifact.path} is ${found === undefined ? 'missing' : 'of another size than the index says'}`,
      );
    }),
  );
  return index;
}

function bundled(index: BundleIndex, name: string, spec: ClusterSpec): Artifact {
  const calico = `v${spec.config.network.cni.version.replace(/^v/, '')}`;
  // A bundle brings its own, unless the spec insists.
  const platform = spec.config.platformVersion === undefined ? undefined : platformOf(spec);
  const found = index.artifacts.find(
    (artifact) =>
      artifact.kind === 'manifest' &&
      artifact.name === name &&
      (!name.startsWith('calico') || artifact.version === calico) &&
      (name !== 'metrics-server' ||
        platform === undefined ||
        artifact.version === platform.metricsServer),
  );
  if (found !== undefined) return found;
  const of = name.startsWith('calico') ? ` of ${calico}` : '';
  throw new AppError(ErrorCode.ArtifactMissing, `the bundle holds no manifest ${name}${of}`);
}

/** Machines fetch for themselves; only manifests, which are rendered here, are fetched by the worker. */
function httpSource(catalog: ArtifactCatalog): ArtifactSource {
  return {
    catalog,
    open: (artifact) => {
      throw new AppError(
        ErrorCode.ArtifactMissing,
        `${artifact.path}: machines fetch this themselves (${catalog.source})`,
      );
    },
    manifest: async (name, spec) => {
      const url = upstreamUrl(catalog, upstreamManifestUrl(name, spec));
      const response = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch(
        (cause: unknown) => {
          throw new AppError(ErrorCode.Internal, `${url} cannot be fetched`, { cause });
        },
      );
      if (response.ok) return response.text();
      throw new AppError(ErrorCode.ArtifactMissing, `${url} answered ${String(response.status)}`);
    },
  };
}

function verified(artifact: Artifact, text: string): string {
  const sum = createHash('sha256').update(text).digest('hex');
  if (sum === artifact.sha256) return text;
  throw new AppError(ErrorCode.ArtifactCorrupt, `${artifact.path}: sum differs from the index`);
}
