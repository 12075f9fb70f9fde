import { join } from 'node:path';
import type { KubernetesRelease } from '../versions.js';
import type { LayerEntry } from './image.js';
import type { NamedImage } from './namedImage.js';

const TMP: LayerEntry = { directory: '/tmp', mode: 0o1777 };
const REGISTRY = 'registry.k8s.io';

export interface KubernetesImageInputs {
  readonly version: string;
  readonly release: KubernetesRelease;
  readonly programs: string;
  /** The folder with etcd's programs. */
  readonly etcd: string;
  readonly coredns: string;
  readonly tools: string;
  readonly nettools: string;
}

/** The images of one Kubernetes version, named as `kubeadm config images list` does. */
export function kubernetesImages(inputs: KubernetesImageInputs): NamedImage[] {
  const { version, release, programs } = inputs;
  const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
    (name): NamedImage => ({
      name,
      version,
      ref: `${REGISTRY}/${name}:${version}`,
      roles: ['ControlPlane'],
      layers: [[TMP], [{ file: join(programs, name), at: `/usr/local/bin/${name}` }]],
      config: { Entrypoint: [name] },
    }),
  );
  return [
    ...controlPlane,
    {
      name: 'kube-proxy',
      version,
      ref: `${REGISTRY}/kube-proxy:${version}`,
      roles: ['ControlPlane', 'Worker'],
      layers: [
        [{ tree: inputs.nettools }],
        [{ file: join(programs, 'kube-proxy'), at: '/usr/local/bin/kube-proxy' }],
      ],
      config: { Entrypoint: ['kube-proxy'] },
    },
    {
      name: 'etcd',
      version: release.etcd,
      ref: `${REGISTRY}/etcd:${release.etcd}`,
      roles: ['ControlPlane'],
      layers: [
        [
          TMP,
          { file: join(inputs.etcd, 'server'), at: '/usr/local/bin/etcd' },
          { file: join(inputs.etcd, 'etcdctl'), at: '/usr/local/bin/etcdctl' },
          { file: join(inputs.etcd, 'etcdutl'), at: '/usr/local/bin/etcdutl' },
        ],
      ],
      config: { Entrypoint: ['etcd'] },
    },
    {
      name: 'coredns',
      version: release.coredns,
      ref: `${REGISTRY}/coredns/coredns:${release.coredns}`,
      roles: ['ControlPlane', 'Worker'],
      layers: [[TMP], [{ file: inputs.coredns, at: '/coredns' }]],
      config: { Entrypoint: ['/coredns'] },
    },
    {
      name: 'pause',
      version: release.pause,
      ref: `${REGISTRY}/pause:${release.pause}`,
      roles: ['ControlPlane', 'Worker'],
      layers: [[{ file: join(inputs.tools, 'pause'), at: '/pause' }]],
      config: { Entrypoint: ['/pause'], User: '65535:65535' },
    },
  ];
}
