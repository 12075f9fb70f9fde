import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.js';
import { CALICO, CNI_PLUGINS, METRICS_SERVER } from '../versions.js';
import { calicoImages, metricsServerImage, webImage } from './addonImages.js';
import type { Artifact } from './bundleIndex.js';
import { buildPrograms, frozenModule, moduleInputs, type BuildContext } from './goBuild.js';
import { moduleDir, moduleFile } from './goTools.js';
import { writeTarball } from './image.js';
import { buildTools } from './kubernetes.js';
import { calicoModule, MODULES } from './modules.js';
import { addImage, inputsHash, measured } from './part.js';

/** A hash of all that the add-ons are made from. */
export function addonInputs(nettools: string): string {
  const sums = ['tools', 'calico', 'cni-plugins', 'metrics-server'].map(moduleInputs);
  const sources = ['addons', 'addonImages', 'image', 'modules', 'part'].map(
    (name) => `build/${name}.ts`,
  );
  return inputsHash(
    [CALICO, CNI_PLUGINS, METRICS_SERVER, nettools, sums],
    [...sources, 'images/start_runit'],
  );
}

/** Builds what does not depend on the Kubernetes version: CNI plugins, Calico, metrics-server, web. */
export async function addonArtifacts(
  context: BuildContext,
  { nettools, kubectl }: { nettools: string; kubectl: string },
): Promise<Artifact[]> {
  const { bundle } = context.paths;
  const plugins = await buildPrograms(context, {
    module: 'cni-plugins',
    version: CNI_PLUGINS,
    packages: MODULES.cniPlugins,
  });
  const calico = await buildPrograms(context, {
    module: 'calico',
    version: CALICO.version,
    packages: MODULES.calico,
  });
  const metrics = await buildPrograms(context, {
    module: 'metrics-server',
    version: METRICS_SERVER,
    packages: MODULES.metricsServer,
  });
  const artifacts = [
    await cniArchive(bundle, plugins),
    await calicoManifest(context),
    await metricsServerManifest(context, kubectl),
  ];
  const images = [
    ...calicoImages({ programs: calico, plugins, nettools }),
    metricsServerImage(metrics),
    webImage(await buildTools(context)),
  ];
  for (const image of images) artifacts.push(await addImage(bundle, image));
  return artifacts;
}

async function cniArchive(bundle: string, plugins: string): Promise<Artifact> {
  const path = `cni/cni-plugins-linux-amd64-${CNI_PLUGINS}.tgz`;
  mkdirSync(join(bundle, 'cni'), { recursive: true });
  await writeTarball(join(bundle, path), plugins);
  const described = { kind: 'cni', name: 'cni-plugins', version: CNI_PLUGINS } as const;
  return measured(bundle, { path, ...described, arch: 'amd64' });
}

async function calicoManifest({ paths, tools }: BuildContext): Promise<Artifact> {
  const dir = await moduleDir(tools, calicoModule, frozenModule('calico'));
  const text = moduleFile(dir, 'manifests/calico-vxlan.yaml');
  return addManifest(paths.bundle, 'calico-vxlan', CALICO.version, text);
}

async function metricsServerManifest(context: BuildContext, kubectl: string): Promise<Artifact> {
  const { paths, tools } = context;
  const dir = await moduleDir(tools, 'sigs.k8s.io/metrics-server', frozenModule('metrics-server'));
  const text = await run(kubectl, ['kustomize', join(dir, 'manifests/overlays/release')]);
  // Upstream's release job puts the version where its tree says `master`.
  const image = `image: registry.k8s.io/metrics-server/metrics-server:${METRICS_SERVER}`;
  const released = text.replace(/image: \S*metrics-server:\S+/, image);
  return addManifest(paths.bundle, 'metrics-server', METRICS_SERVER, released);
}

async function addManifest(
  bundle: string,
  name: string,
  version: string,
  text: string,
): Promise<Artifact> {
  const path = `manifests/${name}-${version}.yaml`;
  mkdirSync(join(bundle, 'manifests'), { recursive: true });
  writeFileSync(join(bundle, path), text);
  return measured(bundle, { path, kind: 'manifest', name, version, arch: 'all' });
}
