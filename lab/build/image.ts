import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../run.js';

/** One thing in a layer, by its absolute path in the image. */
export type LayerEntry =
  | { readonly file: string; readonly at: string; readonly mode?: number }
  | { readonly directory: string; readonly mode?: number }
  | { readonly link: string; readonly to: string }
  /** Everything below a folder of the host. */
  | { readonly tree: string };

export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
}

export interface ImageSpec {
  readonly ref: string;
  readonly layers: readonly (readonly LayerEntry[])[];
  readonly config: ImageConfig;
}

/** Fixed, so that the same content has the same digest. */
const CREATED = '2026-01-01T00:00:00Z';
const REPRODUCIBLE = [
  '--format=gnu',
  '--sort=name',
  `--mtime=${CREATED}`,
  '--owner=0',
  '--group=0',
  '--numeric-owner',
];
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Writes an image FROM scratch as an uncompressed docker-archive, which `ctr images import` reads. */
export async function writeImage(target: string, spec: ImageSpec): Promise<void> {
  const work = `${target}.work`;
  rmSync(work, { recursive: true, force: true });
  const archive = join(work, 'archive');
  mkdirSync(archive, { recursive: true });
  const digests: string[] = [];
  for (const [index, entries] of spec.layers.entries()) {
    const staged = join(work, `layer-${index}`);
    mkdirSync(staged);
    for (const entry of entries) await stage(staged, entry);
    digests.push(await tarInto(archive, staged));
    rmSync(staged, { recursive: true });
  }
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: CREATED,
    config: { Env: [PATH], ...spec.config },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
    history: digests.map(() => ({ created: CREATED, created_by: 'plinth lab' })),
  });
  const configFile = `${createHash('sha256').update(config).digest('hex')}.json`;
  writeFileSync(join(archive, configFile), config);
  const manifest = {
    Config: configFile,
    RepoTags: [spec.ref],
    Layers: digests.map((digest) => `${digest}.tar`),
  };
  writeFileSync(join(archive, 'manifest.json'), JSON.stringify([manifest]));
  for (const name of [configFile, 'manifest.json']) chmodSync(join(archive, name), 0o644);
  await run('tar', [
    ...REPRODUCIBLE,
    '-C',
    archive,
    '-cf',
    `${target}.new`,
    ...(await names(archive)),
  ]);
  renameSync(`${target}.new`, target);
  rmSync(work, { recursive: true });
}

/** The sha256 of a file, in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** A reproducible gzip archive of a folder's entries, each at the archive's root. */
export async function writeTarball(target: string, dir: string): Promise<void> {
  const tar = join(dirname(target), '.tarball');
  await run('tar', [...REPRODUCIBLE, '--mode=755', '-C', dir, '-cf', tar, ...(await names(dir))]);
  await run('gzip', ['-n', '-6', '-f', tar]);
  renameSync(`${tar}.gz`, target);
}

async function tarInto(archive: string, staged: string): Promise<string> {
  const tar = join(archive, 'layer');
  await run('tar', [...REPRODUCIBLE, '-C', staged, '-cf', tar, ...(await names(staged))]);
  const digest = await sha256File(tar);
  chmodSync(tar, 0o644);
  renameSync(tar, join(archive, `${digest}.tar`));
  return digest;
}

async function names(dir: string): Promise<string[]> {
  return (await run('ls', ['-A', dir])).split('\n').filter((name) => name !== '');
}

async function stage(root: string, entry: LayerEntry): Promise<void> {
  if ('tree' in entry) {
    await run('cp', ['-a', `${entry.tree}/.`, root]);
    return;
  }
  const at = 'file' in entry ? entry.at : 'link' in entry ? entry.link : entry.directory;
  const path = join(root, at);
  mkdirSync(dirname(path), { recursive: true });
  if ('link' in entry) {
    symlinkSync(entry.to, path);
  } else if ('file' in entry) {
    copyFileSync(entry.file, path);
    chmodSync(path, entry.mode ?? 0o755);
  } else {
    mkdirSync(path, { recursive: true });
    chmodSync(path, entry.mode ?? 0o755);
  }
}
