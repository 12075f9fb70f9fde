import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.js';
import { KUBERNETES, type KubernetesRelease } from '../versions.js';
import type { Artifact } from './bundleIndex.js';
import { buildPrograms, moduleInputs, type BuildContext } from './goBuild.js';
import { kubernetesImages } from './kubernetesImages.js';
import { etcdVersion, MODULES } from './modules.js';
import { addImage, compressed, inputsHash, measured } from './part.js';

const NODE_BINARIES = ['kubeadm', 'kubelet', 'kubectl'];

/** A hash of all that the files of one Kubernetes version are made from. */
export function kubernetesInputs(version: string, nettools: string): string {
  const { modules, release } = named(version);
  const sums = Object.values(modules).map(moduleInputs);
  const sources = [
    'build/kubernetesImages.ts',
    'build/image.ts',
    'build/modules.ts',
    'build/part.ts',
  ];
  return inputsHash([version, release, nettools, moduleInputs('tools'), ...sums], sources);
}

/** Builds one Kubernetes version: the node binaries and the images that kubeadm asks for. */
export async function kubernetesArtifacts(
  context: BuildContext,
  version: string,
  nettools: string,
): Promise<Artifact[]> {
  const { bundle } = context.paths;
  const { modules, release } = named(version);
  const programs = await buildPrograms(context, {
    module: modules.kubernetes,
    version,
    packages: MODULES.kubernetes,
  });
  const build = (module: string, packages: readonly string[]) =>
    buildPrograms(context, { module, version: '', packages });
  const images = kubernetesImages({
    version,
    release,
    programs,
    etcd: await build(modules.etcd, MODULES.etcd),
    coredns: join(await build(modules.coredns, MODULES.coredns), modules.coredns),
    tools: await buildTools(context),
    nettools,
  });
  await checkNames(
    join(programs, 'kubeadm'),
    version,
    images.map(({ ref }) => ref),
  );
  const artifacts: Artifact[] = [];
  for (const name of NODE_BINARIES) {
    const path = `kubernetes/${version}/amd64/${name}`;
    mkdirSync(join(bundle, path, '..'), { recursive: true });
    copyFileSync(join(programs, name), join(bundle, path));
    const artifact = {
      kind: 'binary',
      name,
      version,
      arch: 'amd64',
      kubernetes: [version],
    } as const;
    // The plain file stays as well, for this computer's own use.
    artifacts.push(await measured(bundle, { ...artifact, path: await compressed(bundle, path) }));
  }
  for (const image of images) artifacts.push(await addImage(bundle, image, version));
  return artifacts;
}

/** Builds the lab's own two programs, pause and web. */
export function buildTools(context: BuildContext): Promise<string> {
  return buildPrograms(context, { module: 'tools', version: '', packages: ['./pause', './web'] });
}

function named(version: string): {
  release: KubernetesRelease;
  modules: { kubernetes: string; etcd: string; coredns: string };
} {
  const release = KUBERNETES[version];
  if (release === undefined) throw new RangeError(`unknown Kubernetes version ${version}`);
  const modules = {
    kubernetes: `kubernetes-${version}`,
    etcd: `etcd-${etcdVersion(release.etcd)}`,
    coredns: `coredns-${release.coredns}`,
  };
  return { release, modules };
}

/** kubeadm itself says what its images are called; a wrong name would only show on a machine. */
async function checkNames(kubeadm: string, version: string, refs: string[]): Promise<void> {
  const list = await run(kubeadm, ['config', 'images', 'list', '--kubernetes-version', version]);
  const wanted = list.trim().split('\n').sort().join(' ');
  const have = [...refs].sort().join(' ');
  if (wanted !== have) throw new Error(`kubeadm ${version} asks for ${wanted}; built: ${have}`);
}
