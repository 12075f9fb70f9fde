/** What plinth and kubeadm set themselves, and where a person says it instead. Everything else may be overridden. */

const ROLES = 'it follows from the spec';
const ENDPOINT = 'plinth sets it up';
const CERTIFICATES = "kubeadm keeps the cluster's certificates";

/** Flags of the kubelet → what to do instead. */
export const OWNED_KUBELET_ARGS: ReadonlyMap<string, string> = new Map([
  ['bootstrap-kubeconfig', ENDPOINT],
  ['cgroup-driver', ENDPOINT],
  ['config', 'use kubeletConfigurationOverrides'],
  ['container-runtime-endpoint', ENDPOINT],
  ['hostname-override', "it is the node's hostname"],
  ['kubeconfig', ENDPOINT],
  ['node-ip', "it is the node's privateIP"],
  ['node-labels', "use the node's labels"],
  ['pod-infra-container-image', ENDPOINT],
  ['pod-manifest-path', ENDPOINT],
  ['register-with-taints', "use the node's taints"],
  ['resolv-conf', 'use network.nameservers'],
]);

/** Fields of KubeletConfiguration → what to do instead. */
export const OWNED_KUBELET_FIELDS: ReadonlyMap<string, string> = new Map([
  ['authentication', ENDPOINT],
  ['authorization', ENDPOINT],
  ['cgroupDriver', ENDPOINT],
  ['clusterDNS', 'it follows from network.serviceSubnet'],
  ['clusterDomain', 'it is cluster.local'],
  ['containerRuntimeEndpoint', ENDPOINT],
  ['failCgroupV1', "it follows from the machine's cgroups"],
  ['failSwapOn', ENDPOINT],
  ['healthzBindAddress', 'kubeadm waits there for the kubelet'],
  ['healthzPort', 'kubeadm waits there for the kubelet'],
  ['port', 'the API server reaches the kubelet there'],
  ['registerWithTaints', "use the node's taints"],
  ['resolvConf', 'use network.nameservers'],
  ['rotateCertificates', CERTIFICATES],
  ['serverTLSBootstrap', CERTIFICATES],
  ['staticPodPath', 'kubeadm puts the control plane there'],
  ['tlsCertFile', CERTIFICATES],
  ['tlsPrivateKeyFile', CERTIFICATES],
]);

const KUBECONFIGS = [
  'kubeconfig',
  'authentication-kubeconfig',
  'authorization-kubeconfig',
] as const;

function owned(reasons: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(reasons).flatMap(([reason, names]) =>
      names.map((name): [string, string] => [name, reason]),
    ),
  );
}

/** Flags of each control-plane component → what to do instead. */
export const OWNED_CONTROL_PLANE_ARGS: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  kubeApiserver: owned({
    [ROLES]: ['advertise-address', 'service-cluster-ip-range'],
    [ENDPOINT]: [
      'allow-privileged',
      'authorization-mode',
      'enable-bootstrap-token-auth',
      'etcd-servers',
      'secure-port',
    ],
    [CERTIFICATES]: [
      'client-ca-file',
      'etcd-cafile',
      'etcd-certfile',
      'etcd-keyfile',
      'kubelet-client-certificate',
      'kubelet-client-key',
      'proxy-client-cert-file',
      'proxy-client-key-file',
      'requestheader-client-ca-file',
      'service-account-issuer',
      'service-account-key-file',
      'service-account-signing-key-file',
      'tls-cert-file',
      'tls-private-key-file',
    ],
  }),
  kubeControllerManager: owned({
    [ROLES]: ['cluster-cidr', 'cluster-name', 'service-cluster-ip-range'],
    'it is /24 (IPv6: /64)': [
      'node-cidr-mask-size',
      'node-cidr-mask-size-ipv4',
      'node-cidr-mask-size-ipv6',
    ],
    [ENDPOINT]: [
      'allocate-node-cidrs',
      'controllers',
      'leader-elect',
      'use-service-account-credentials',
      ...KUBECONFIGS,
    ],
    [CERTIFICATES]: [
      'client-ca-file',
      'cluster-signing-cert-file',
      'cluster-signing-key-file',
      'requestheader-client-ca-file',
      'root-ca-file',
      'service-account-private-key-file',
    ],
  }),
  kubeScheduler: owned({ [ENDPOINT]: ['leader-elect', ...KUBECONFIGS] }),
};
