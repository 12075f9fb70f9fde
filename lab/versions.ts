/** What `kubeadm config images list` of one Kubernetes version asks for. */
export interface KubernetesRelease {
  /** The image's tag; the module's version is what stands before the dash. */
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
}

/**
 * The Kubernetes versions that the bundle can hold. A new one is a line here and
 * `npx tsx lab/build/freeze.ts`, which writes the go.mod and go.sum it is built from.
 */
export const KUBERNETES: Readonly<Record<string, KubernetesRelease>> = {
  'v1.28.9': { etcd: '3.5.12-0', coredns: 'v1.10.1', pause: '3.9' },
  'v1.34.4': { etcd: '3.6.5-0', coredns: 'v1.12.1', pause: '3.10.1' },
  'v1.35.4': { etcd: '3.6.6-0', coredns: 'v1.13.1', pause: '3.10.1' },
};

export const DEFAULT_VERSIONS: readonly string[] = ['v1.34.4'];

/** Calico's only version on the Go module proxy; its tree is the release's. */
export const CALICO = {
  version: 'v3.28.5',
  module: 'v1.11.0-cni-plugin.0.20250813170300-a0db560f0520',
  api: 'v0.0.0-20240708202104-e3f70b269c2c',
} as const;

export const CNI_PLUGINS = 'v1.7.1';
export const METRICS_SERVER = 'v0.8.0';
export const HELM = 'v3.19.5';
export const WEB = '1';

/** Taken from the module proxy when the host has no Go of its own. */
export const GO_TOOLCHAIN = 'v0.0.1-go1.26.8.linux-amd64';

/** What a bare Debian 12 lacks to be a node; each comes with all it needs beyond the lab's base. */
export const NODE_PACKAGES: readonly string[] = [
  'containerd',
  'runc',
  'conntrack',
  'ebtables',
  'ethtool',
  'haproxy',
  'ipset',
  'iptables',
  'kmod',
  'nftables',
  'socat',
  'zstd',
];
