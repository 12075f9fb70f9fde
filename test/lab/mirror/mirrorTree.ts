import { join } from 'node:path';

import { readFile } from 'node:fs/promises';

import type { BundleIndex } from '../../../core/artifacts.js';
import { sha256File } from '../../../lab/build/image.js';
import { aptTree } from './aptTree.js';
import type { Served } from './mirrorServer.js';
import { registryTree } from './registryTree.js';

/** Everything upstream publishes for a version, at upstream's own paths below each host's name. */
export async function mirrorTree(
  bundle: string,
  version: string,
  work: string,
): Promise<Map<string, Served>> {
  const index = JSON.parse(await readFile(join(bundle, 'index.json'), 'utf8')) as BundleIndex;
  const tree = new Map<string, Served>();
  const withSum = async (path: string, file: string): Promise<void> => {
    tree.set(path, { file });
    tree.set(`${path}.sha256`, { text: `${await sha256File(file)}\n` });
  };
  for (const name of ['kubeadm', 'kubelet', 'kubectl']) {
    await withSum(
      `/dl.k8s.io/release/${version}/bin/linux/amd64/${name}`,
      join(bundle, 'kubernetes', version, 'amd64', name),
    );
  }
  const plugins = index.artifacts.find(({ kind }) => kind === 'cni');
  if (plugins === undefined) throw new Error('the bundle has no CNI plugins');
  await withSum(
    `/github.com/containernetworking/plugins/releases/download/${plugins.version}/cni-plugins-linux-amd64-${plugins.version}.tgz`,
    join(bundle, plugins.path),
  );
  for (const { kind, name, version: of, path } of index.artifacts) {
    if (kind !== 'manifest') continue;
    const file = join(bundle, path);
    if (name === 'calico-vxlan') {
      const folder = `/raw.githubusercontent.com/projectcalico/calico/${of}/manifests`;
      tree.set(`${folder}/calico-vxlan.yaml`, { file });
    } else {
      const folder = `/github.com/kubernetes-sigs/metrics-server/releases/download/${of}`;
      tree.set(`${folder}/components.yaml`, { file });
    }
  }
  const images = index.artifacts.filter(
    ({ kind, kubernetes }) => kind === 'image' && (kubernetes?.includes(version) ?? true),
  );
  for (const { name, path } of images) {
    const part = await registryTree(join(bundle, path), join(work, name));
    for (const [at, served] of part) tree.set(at, served);
  }
  for (const [at, served] of await aptTree(join(bundle, 'packages/Debian12'))) tree.set(at, served);
  return tree;
}
