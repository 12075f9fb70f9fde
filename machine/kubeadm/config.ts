import { stringify } from 'yaml';

import type { ClusterSpec, ControlPlaneOverride } from '../../core/cluster.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import { Role } from '../../core/words.js';
import type { MachineFacts } from '../facts.js';
import type { JoinSecrets, StepContext } from '../steps/types.js';
import { API_ENDPOINT, API_ENDPOINT_NAME } from './endpoint.js';
import { kubeletConfiguration, kubeletPatch } from './kubeletConfiguration.js';

/** Where node-scoped kubelet patches lie while kubeadm runs. */
export const PATCHES = '/etc/plinth/kubeadm-patches';
const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };

type Args = Record<string, string>;
type Version = 'v1beta3' | 'v1beta4';

/** v1beta4 came with 1.31. */
export function kubeadmApiVersion(kubernetesVersion: string): Version {
  return minorOf(kubernetesVersion) >= 31 ? 'v1beta4' : 'v1beta3';
}

export function minorOf(kubernetesVersion: string): number {
  return Number(/^v1\.(\d+)\./.exec(kubernetesVersion)?.[1] ?? NaN);
}

/** What `kubeadm init --config` reads: Init, Cluster, Kubelet and KubeProxy configuration. */
export function initConfig(context: StepContext): string {
  const { spec, node, facts } = context;
  const version = kubeadmApiVersion(spec.config.kubernetesVersion);
  return documents([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: node.privateIP, bindPort: 6443 },
      nodeRegistration: nodeRegistration(context, version),
      ...patches(context),
    },
    clusterConfiguration(context, version),
    kubeletConfiguration(spec, facts),
    kubeProxyConfiguration(context),
  ]);
}

/** What `kubeadm join --config` reads; with a certificate key it is a control plane's. */
export function joinConfig(context: StepContext): string {
  const { spec, node } = context;
  const version = kubeadmApiVersion(spec.config.kubernetesVersion);
  const join = joinSecrets(context);
  return documents([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'JoinConfiguration',
      discovery: {
        bootstrapToken: {
          token: join.token,
          apiServerEndpoint: API_ENDPOINT,
          caCertHashes: [join.caCertHash],
        },
        tlsBootstrapToken: join.token,
      },
      nodeRegistration: nodeRegistration(context, version),
      ...patches(context),
      ...(join.certificateKey === undefined
        ? {}
        : {
            controlPlane: {
              certificateKey: join.certificateKey,
              localAPIEndpoint: { advertiseAddress: node.privateIP, bindPort: 6443 },
            },
          }),
    },
  ]);
}

/** What `kubeadm init phase upload-certs --config` reads. */
export function uploadCertsConfig(context: StepContext): string {
  const version = kubeadmApiVersion(context.spec.config.kubernetesVersion);
  const { certificateKey } = joinSecrets(context);
  if (certificateKey === undefined) return '';
  return documents([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: context.node.privateIP, bindPort: 6443 },
      certificateKey,
    },
    clusterConfiguration(context, version),
  ]);
}

function joinSecrets({ join, node }: StepContext): JoinSecrets {
  if (join !== undefined) return join;
  throw new AppError(ErrorCode.Internal, `no join credentials were made for ${node.hostname}`);
}

function documents(parts: readonly object[]): string {
  return parts.map((part) => stringify(part, { lineWidth: 0 })).join('---\n');
}

/** A list of pairs since v1beta4, a map before. */
function extraArgs(args: Args, version: Version): { name: string; value: string }[] | Args {
  if (version === 'v1beta3') return args;
  return Object.entries(args).map(([name, value]) => ({ name, value }));
}

function nodeRegistration({ spec, node, facts }: StepContext, version: Version): object {
  const isControlPlane = node.roles.includes(Role.ControlPlane);
  const dedicated = spec.config.dedicatedControlPlane === true || !node.roles.includes(Role.Worker);
  return {
    name: node.hostname,
    criSocket: 'unix:///run/containerd/containerd.sock',
    imagePullPolicy: 'IfNotPresent',
    // An empty list is not the same as none: kubeadm would add its own taint to a control plane.
    ...(isControlPlane ? { taints: dedicated ? [CONTROL_PLANE_TAINT] : [] } : {}),
    ...ignoredPreflight(spec, facts),
    kubeletExtraArgs: extraArgs(
      {
        ...spec.config.kubeletExtraArgs,
        ...node.kubeletExtraArgs,
        'node-ip': node.privateIP,
      },
      version,
    ),
  };
}

/** kubeadm's own check calls cgroup v1 an error from 1.35 on; ours has judged it by version before. */
function ignoredPreflight(spec: ClusterSpec, facts: MachineFacts | undefined): object {
  return minorOf(spec.config.kubernetesVersion) >= 35 && facts?.cgroupVersion === 1
    ? { ignorePreflightErrors: ['SystemVerification'] }
    : {};
}

function patches({ node }: StepContext): object {
  return kubeletPatch(node) === '' ? {} : { patches: { directory: PATCHES } };
}

function clusterConfiguration(context: StepContext, version: Version): object {
  const { spec, cluster } = context;
  const { network, kubernetesVersion, controlPlaneOverrides } = spec.config;
  const dual = (own: string, ipv6: string | undefined): string =>
    ipv6 === undefined ? own : `${own},${ipv6}`;
  const component = (override: ControlPlaneOverride | undefined): object =>
    controlPlaneComponent(override, version);
  return {
    apiVersion: `kubeadm.k8s.io/${version}`,
    kind: 'ClusterConfiguration',
    clusterName: cluster.name,
    kubernetesVersion,
    controlPlaneEndpoint: API_ENDPOINT,
    networking: {
      podSubnet: dual(network.podSubnet, network.ipv6?.podSubnet),
      serviceSubnet: dual(network.serviceSubnet, network.ipv6?.serviceSubnet),
      dnsDomain: 'cluster.local',
    },
    apiServer: { ...component(controlPlaneOverrides?.kubeApiserver), certSANs: certSans(context) },
    controllerManager: component(controlPlaneOverrides?.kubeControllerManager),
    scheduler: component(controlPlaneOverrides?.kubeScheduler),
  };
}

function controlPlaneComponent(
  override: ControlPlaneOverride | undefined,
  version: Version,
): object {
  const volumes = (override?.extraVolumes ?? []).map((volume) =>
    hostPathMount(
      volume,
      override?.extraVolumeMounts?.find(({ name }) => name === volume['name']),
    ),
  );
  return {
    ...(override?.extraArgs === undefined
      ? {}
      : { extraArgs: extraArgs(override.extraArgs, version) }),
    ...(volumes.length === 0 ? {} : { extraVolumes: volumes }),
  };
}

/** A pod's volume and its mount, as kubeadm takes both in one. */
function hostPathMount(
  volume: Record<string, unknown>,
  mount: Record<string, unknown> | undefined,
): object {
  const { name, hostPath, ...rest } = volume;
  const from = (typeof hostPath === 'object' ? hostPath : { path: hostPath }) as {
    path?: string;
    type?: string;
  };
  return {
    ...rest,
    name,
    hostPath: from.path,
    mountPath: mount?.['mountPath'] ?? from.path,
    ...(mount?.['readOnly'] === undefined ? {} : { readOnly: mount['readOnly'] }),
    ...(from.type === undefined || from.type === '' ? {} : { pathType: from.type }),
  };
}

/** Every name and address by which somebody may call the API server, those of later control planes included. */
function certSans({ spec, controlPlanes }: StepContext): string[] {
  const reachable = spec.config.nodes
    .filter((node) => node.roles.includes(Role.ControlPlane))
    .flatMap((node) => [node.privateIP, node.ssh?.ipAddress ?? node.privateIP]);
  const own = controlPlanes.map(({ privateIP }) => privateIP);
  return [...new Set([API_ENDPOINT_NAME, 'localhost', '127.0.0.1', ...own, ...reachable])];
}

function kubeProxyConfiguration({ facts }: StepContext): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    // Where nf_conntrack_max belongs to somebody else (a container host), kube-proxy must leave it alone.
    ...(facts?.conntrackMaxWritable === false ? { conntrack: { maxPerCore: 0, min: 0 } } : {}),
  };
}
