import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianMirror } from '../base.js';
import { hostEnv } from '../host.js';
import type { LabPaths } from '../paths.js';
import { run } from '../run.js';
import { NODE_PACKAGES } from '../versions.js';
import type { Artifact } from './bundleIndex.js';
import { measured } from './part.js';

/** Downloads what a bare machine needs to become a node, with all that this depends on. */
async function downloadPackages(paths: LabPaths, target: string): Promise<void> {
  const apt = join(paths.cache, 'apt');
  rmSync(target, { recursive: true, force: true });
  for (const dir of [
    join(apt, 'state/lists/partial'),
    join(apt, 'cache'),
    join(target, 'partial'),
  ]) {
    mkdirSync(dir, { recursive: true });
  }
  // From where the base came: a newer release would bring upgrades of what the machine has.
  const keyring = join(paths.base, 'usr/share/keyrings/debian-archive-keyring.gpg');
  const sources = join(apt, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${keyring}] ${debianMirror()} bookworm main\n`);
  const settings = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State=${join(apt, 'state')}`,
    `Dir::State::status=${join(paths.base, 'var/lib/dpkg/status')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    `Dir::Cache::archives=${target}`,
    'APT::Architecture=amd64',
    'APT::Architectures::=amd64',
    'APT::Install-Recommends=false',
    'APT::Keep-Downloaded-Packages=true',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((setting) => ['-o', setting]);
  await run('apt-get', [...settings, 'update', '-q'], { env: hostEnv() });
  const install = ['install', '-q', '-y', '--download-only', ...NODE_PACKAGES];
  await run('apt-get', [...settings, ...install], { env: hostEnv() });
  for (const name of readdirSync(target)) {
    if (!name.endsWith('.deb')) rmSync(join(target, name), { recursive: true });
  }
}

/** What a Debian package says of itself. */
async function packageFields(
  deb: string,
): Promise<{ name: string; version: string; arch: string }> {
  const fields = await run('dpkg-deb', ['-f', deb, 'Package', 'Version', 'Architecture']);
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(fields)?.[1] ?? '';
  return { name: field('Package'), version: field('Version'), arch: field('Architecture') };
}

/** Puts the packages into the bundle and describes them. */
export async function packageArtifacts(paths: LabPaths): Promise<Artifact[]> {
  const folder = 'packages/Debian12';
  await downloadPackages(paths, join(paths.bundle, folder));
  const artifacts: Artifact[] = [];
  for (const file of readdirSync(join(paths.bundle, folder)).sort()) {
    const path = `${folder}/${file}`;
    const { name, version, arch } = await packageFields(join(paths.bundle, path));
    const described = { path, kind: 'package', name, version, os: 'Debian12' } as const;
    artifacts.push(
      await measured(paths.bundle, { ...described, arch: arch === 'all' ? 'all' : 'amd64' }),
    );
  }
  return artifacts;
}
