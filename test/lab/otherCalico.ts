import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Artifact, BundleIndex } from '../../core/artifacts.js';

const exec = promisify(execFile);

/**
 * The lab's bundle with one more Calico, as people have it who are about to upgrade. Its programs are those of the lab's own
 * under the other version's names, its manifest is the lab's own with those names: there is no other Calico to build from.
 */
export async function bundleWithCalico(from: string, version: string): Promise<string> {
  const bundle = await mkdtemp(join(tmpdir(), 'plinth-lab-bundle-'));
  // Hard links: nothing of it is changed in place.
  await exec('cp', ['-al', `${from}/.`, bundle]);
  const { artifacts } = await readIndex(bundle);
  const more = artifacts.filter(({ name }) => name.startsWith('calico'));
  const added: Artifact[] = [];
  for (const artifact of more) added.push(await renamed(bundle, artifact, version));
  await writeIndex(bundle, [...artifacts, ...added]);
  return bundle;
}

/** Gives the manifest of that Calico another text, in a bundle of `bundleWithCalico`. */
export async function changeManifest(
  bundle: string,
  version: string,
  change: (text: string) => string,
): Promise<void> {
  const { artifacts } = await readIndex(bundle);
  const found = artifacts.find((of) => of.kind === 'manifest' && of.version === version);
  if (found === undefined) throw new Error(`the bundle holds no manifest of ${version}`);
  const path = join(bundle, found.path);
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error('nothing of the manifest has changed');
  await unlink(path);
  await writeFile(path, changed);
  const now = { ...found, ...(await sumOf(path)) };
  await writeIndex(
    bundle,
    artifacts.map((of) => (of === found ? now : of)),
  );
}

async function renamed(bundle: string, of: Artifact, version: string): Promise<Artifact> {
  const name = (text: string): string => inOther(text, of.version, version);
  const path = of.path.includes(of.version) ? name(of.path) : `other/${of.path}`;
  const target = join(bundle, path);
  await exec('mkdir', ['-p', join(target, '..')]);
  if (of.kind === 'image') await renameImage(join(bundle, of.path), target, name);
  else await writeFile(target, name(await readFile(join(bundle, of.path), 'utf8')));
  const images = of.images === undefined ? {} : { images: of.images.map(name) };
  return { ...of, ...images, path, version, ...(await sumOf(target)) };
}

/** Upstream's own manifests name another registry from 3.31 on. */
function inOther(text: string, from: string, to: string): string {
  return text.replaceAll('docker.io/calico/', 'quay.io/calico/').replaceAll(from, to);
}

/** The same layers under another name. */
async function renameImage(
  archive: string,
  target: string,
  name: (text: string) => string,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'plinth-lab-image-'));
  try {
    await exec('tar', ['--zstd', '-xf', archive, '-C', work]);
    const manifest = join(work, 'manifest.json');
    await writeFile(manifest, name(await readFile(manifest, 'utf8')));
    const entries = (await exec('ls', [work])).stdout.trim().split('\n');
    await exec('tar', ['--zstd', '-cf', target, '-C', work, ...entries]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sumOf(path: string): Promise<{ sha256: string; size: number }> {
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { sha256, size: (await stat(path)).size };
}

async function readIndex(bundle: string): Promise<BundleIndex> {
  return JSON.parse(await readFile(join(bundle, 'index.json'), 'utf8')) as BundleIndex;
}

async function writeIndex(bundle: string, artifacts: readonly Artifact[]): Promise<void> {
  const path = join(bundle, 'index.json');
  const index = await readIndex(bundle);
  await unlink(path);
  await writeFile(path, JSON.stringify({ ...index, artifacts }));
}
