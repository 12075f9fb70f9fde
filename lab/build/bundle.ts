import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseInputs, ensureBase } from '../base.js';
import { ensureHostPackages } from '../host.js';
import { acquireLock } from '../lock.js';
import { labPaths, type LabPaths } from '../paths.js';
import { DEFAULT_VERSIONS, KUBERNETES, NODE_PACKAGES } from '../versions.js';
import { addonArtifacts, addonInputs } from './addons.js';
import type { Artifact } from './bundleIndex.js';
import { makeIndex } from './bundleIndex.js';
import { goTools } from './goTools.js';
import type { BuildContext } from './goBuild.js';
import { kubernetesArtifacts, kubernetesInputs } from './kubernetes.js';
import { helmArtifacts, helmInputs } from './helm.js';
import { layOutNettools } from './nettools.js';
import { packageArtifacts } from './packages.js';
import { builtPart, inputsHash, recordedArtifacts, recordPart } from './part.js';

export interface BuildOptions {
  readonly versions?: readonly string[];
  readonly log?: (line: string) => void;
  readonly paths?: LabPaths;
}

interface Part {
  readonly name: string;
  readonly inputs: string;
  readonly build: () => Promise<Artifact[]>;
}

/**
 * Builds the bundle for some Kubernetes versions; what is there already, and was made from the same
 * inputs, stays as it is. Versions built earlier stay in the bundle.
 *
 * @throws RangeError when `lab/versions.ts` does not know a version.
 */
export async function buildBundle(options: BuildOptions = {}): Promise<void> {
  const { versions = DEFAULT_VERSIONS, log = () => undefined, paths = labPaths() } = options;
  const unknown = versions.filter((version) => KUBERNETES[version] === undefined);
  if (unknown.length > 0) {
    const known = Object.keys(KUBERNETES).join(', ');
    throw new RangeError(`cannot build ${unknown.join(', ')}: the lab knows ${known}`);
  }
  const release = acquireLock(`build ${versions.join(' ')}`);
  try {
    await ensureHostPackages(log);
    await ensureBase(paths, log);
    const context: BuildContext = { paths, log, tools: await goTools(paths, log) };
    const started = Date.now();
    let built = 0;
    for (const part of parts(context, versions)) if (await ensurePart(paths, part, log)) built += 1;
    writeIndex(paths);
    if (built > 0) log(`bundle complete after ${seconds(started)} s: ${paths.bundle}`);
  } finally {
    release();
  }
}

function parts(context: BuildContext, versions: readonly string[]): Part[] {
  const { paths } = context;
  const packages = inputsHash([baseInputs(), NODE_PACKAGES], ['build/packages.ts']);
  const nettools = inputsHash([packages], ['images/nettools.sh', 'build/nettools.ts']);
  const layer = () => layOutNettools(paths, join(paths.bundle, 'packages/Debian12'), nettools);
  // Any of them renders the add-ons' manifests.
  const kubectl = join(paths.bundle, 'kubernetes', versions[0] ?? '', 'amd64/kubectl');
  return [
    { name: 'packages', inputs: packages, build: () => packageArtifacts(paths) },
    ...versions.map((version) => ({
      name: `kubernetes-${version}`,
      inputs: kubernetesInputs(version, nettools),
      build: async () => kubernetesArtifacts(context, version, await layer()),
    })),
    {
      name: 'addons',
      inputs: addonInputs(nettools),
      build: async () => addonArtifacts(context, { nettools: await layer(), kubectl }),
    },
    { name: 'helm', inputs: helmInputs(), build: () => helmArtifacts(context) },
  ];
}

async function ensurePart(
  paths: LabPaths,
  { name, inputs, build }: Part,
  log: (line: string) => void,
): Promise<boolean> {
  if (builtPart(paths.bundle, name, inputs) !== undefined) return false;
  const started = Date.now();
  log(`bundle: ${name} …`);
  const artifacts = await build();
  recordPart(paths.bundle, name, { inputs, artifacts });
  log(`bundle: ${name}, ${artifacts.length} files in ${seconds(started)} s`);
  return true;
}

/** Last, and at once: a reader never sees an index that names a file which is not there yet. */
function writeIndex(paths: LabPaths): void {
  mkdirSync(paths.bundle, { recursive: true });
  const file = join(paths.bundle, 'index.json');
  const index = makeIndex(recordedArtifacts(paths.bundle));
  writeFileSync(`${file}.new`, `${JSON.stringify(index, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
