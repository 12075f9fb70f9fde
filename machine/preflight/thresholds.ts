const MIB = 1024 * 1024;

/** What a machine must have at least. */
export const THRESHOLDS = {
  /** kubeadm refuses less on a control plane. */
  controlPlane: { cpus: 2, memoryBytes: 1700 * MIB },
  worker: { cpus: 1, memoryBytes: 1024 * MIB },
  /** Where the runtime keeps images. A machine that is ours already has them. */
  disk: { path: '/var/lib', freeBytes: 10e9, freeBytesWhenOurs: 1e9 },
  /** A larger skew breaks certificates, tokens and etcd's leases. */
  clockSkewMs: 30_000,
} as const;

/** Ports that must be free: what listens on them, and on which nodes. */
export const PORTS: readonly {
  port: number;
  protocol: 'tcp' | 'udp';
  use: string;
  controlPlaneOnly: boolean;
}[] = [
  { port: 6443, protocol: 'tcp', use: 'the API server', controlPlaneOnly: true },
  { port: 2379, protocol: 'tcp', use: "etcd's clients", controlPlaneOnly: true },
  { port: 2380, protocol: 'tcp', use: "etcd's peers", controlPlaneOnly: true },
  { port: 10257, protocol: 'tcp', use: 'the controller manager', controlPlaneOnly: true },
  { port: 10259, protocol: 'tcp', use: 'the scheduler', controlPlaneOnly: true },
  { port: 7443, protocol: 'tcp', use: 'the API endpoint', controlPlaneOnly: false },
  { port: 10250, protocol: 'tcp', use: 'the kubelet', controlPlaneOnly: false },
  { port: 10248, protocol: 'tcp', use: "the kubelet's health", controlPlaneOnly: false },
  { port: 10249, protocol: 'tcp', use: "kube-proxy's metrics", controlPlaneOnly: false },
  { port: 10256, protocol: 'tcp', use: "kube-proxy's health", controlPlaneOnly: false },
  { port: 9099, protocol: 'tcp', use: "Calico's health", controlPlaneOnly: false },
  { port: 4789, protocol: 'udp', use: "Calico's VXLAN", controlPlaneOnly: false },
];

/** Names, as the kernel cuts them to 15 characters, of what holds these ports in a cluster of ours. */
export const OUR_PROCESSES: readonly string[] = [
  'kube-apiserver',
  'kube-controller',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'etcd',
  'haproxy',
  'calico-node',
];

/** Loaded, built in, or loadable. */
export const KERNEL_MODULES: readonly { name: string; use: string }[] = [
  { name: 'overlay', use: "containerd's snapshots" },
  { name: 'br_netfilter', use: 'network policies between pods of one machine' },
  { name: 'nf_conntrack', use: 'kube-proxy' },
  { name: 'vxlan', use: 'Calico' },
];
