import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from '../../../lab/run.js';
import type { Served } from './mirrorServer.js';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/**
 * An image archive as the static half of a registry: `/REGISTRY/v2/NAME/…`, the manifest by tag and by digest.
 * The archive's layers are unpacked below `work`.
 */
export async function registryTree(archive: string, work: string): Promise<Map<string, Served>> {
  await mkdir(work, { recursive: true });
  await run('sh', ['-c', 'zstd -dcq "$0" | tar -x -C "$1"', archive, work]);
  const [image] = JSON.parse(await readFile(join(work, 'manifest.json'), 'utf8')) as {
    Config: string;
    RepoTags: string[];
    Layers: string[];
  }[];
  if (image === undefined) throw new Error(`${archive} holds no image`);
  const blob = async (file: string, mediaType: string) => ({
    mediaType,
    digest: `sha256:${file.replace(/\.\w+$/, '')}`,
    size: (await stat(join(work, file))).size,
  });
  const config = await blob(image.Config, CONFIG);
  const layers = await Promise.all(image.Layers.map((layer) => blob(layer, LAYER)));
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers });
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;

  const [, registry = '', name = '', tag = ''] =
    /^([^/]+)\/(.+):([^:]+)$/.exec(image.RepoTags[0] ?? '') ?? [];
  const base = `/${registry}/v2/${name}`;
  const files = [image.Config, ...image.Layers];
  return new Map<string, Served>([
    [`${base}/manifests/${tag}`, { text: manifest, type: MANIFEST }],
    [`${base}/manifests/${digest}`, { text: manifest, type: MANIFEST }],
    ...[config, ...layers].map(({ digest: of }, index): [string, Served] => [
      `${base}/blobs/${of}`,
      { file: join(work, files[index] ?? '') },
    ]),
  ]);
}
