import { CALICO } from '../versions.js';

export const calicoModule = 'github.com/projectcalico/calico';

/** The packages that are built from each module. */
export const MODULES = {
  kubernetes: [
    'kube-apiserver',
    'kube-controller-manager',
    'kube-proxy',
    'kube-scheduler',
    'kubeadm',
    'kubectl',
    'kubelet',
  ].map((command) => `k8s.io/kubernetes/cmd/${command}`),
  /** Their binaries are called server, etcdctl and etcdutl. */
  etcd: ['server', 'etcdctl', 'etcdutl'].map((command) => `go.etcd.io/etcd/${command}/v3`),
  coredns: ['.'],
  calico: [
    'cni-plugin/cmd/calico',
    'cni-plugin/cmd/install',
    'node/cmd/calico-node',
    'kube-controllers/cmd/kube-controllers',
    'kube-controllers/cmd/check-status',
  ].map((command) => `${calicoModule}/${command}`),
  /** What upstream's own archive holds. */
  cniPlugins: [
    ...['dhcp', 'host-local', 'static'].map((plugin) => `ipam/${plugin}`),
    ...['bandwidth', 'firewall', 'portmap', 'sbr', 'tuning', 'vrf'].map(
      (plugin) => `meta/${plugin}`,
    ),
    ...[
      'bridge',
      'dummy',
      'host-device',
      'ipvlan',
      'loopback',
      'macvlan',
      'ptp',
      'tap',
      'vlan',
    ].map((plugin) => `main/${plugin}`),
  ].map((plugin) => `github.com/containernetworking/plugins/plugins/${plugin}`),
  metricsServer: ['sigs.k8s.io/metrics-server/cmd/metrics-server'],
} as const;

/** The version of etcd's module behind an image tag such as 3.6.5-0. */
export function etcdVersion(tag: string): string {
  return `v${tag.replace(/-\d+$/, '')}`;
}

/** The linker settings with which each module's programs know their own version. */
export function versionSettings(name: string, version: string): readonly string[] {
  switch (name) {
    case 'kubernetes': {
      const [, minor = ''] = version.split('.');
      // kubeadm compares these; commit and date are fixed so that the bytes are, too.
      const values = {
        gitVersion: version,
        gitMajor: '1',
        gitMinor: minor,
        gitTreeState: 'archive',
        gitCommit: '0'.repeat(40),
        buildDate: '2026-01-01T00:00:00Z',
      };
      return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
        Object.entries(values).map(([key, value]) => `${path}.${key}=${value}`),
      );
    }
    case 'calico':
      return [
        'node/pkg/lifecycle/startup.VERSION',
        'felix/buildinfo.Version',
        'felix/buildinfo.GitVersion',
        'cni-plugin/pkg/plugin.VERSION',
        'kube-controllers/pkg/config.VERSION',
      ]
        .map((variable) => `${calicoModule}/${variable}=${CALICO.version}`)
        .concat(`main.VERSION=${CALICO.version}`);
    case 'cni-plugins':
      return [
        `github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=${version}`,
      ];
    case 'metrics-server':
      return [`sigs.k8s.io/metrics-server/pkg/version.gitVersion=${version}`];
    default:
      return [];
  }
}
