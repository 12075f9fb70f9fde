import type { ControlPlaneOverride } from '../../core/cluster.js';
import { Role } from '../../core/words.js';
import type { StepContext } from '../steps/types.js';
import { apiEndpoint } from './endpoint.js';
import { extraArgs, type KubeadmApi } from './extraArgs.js';

/**
 * An API server that is told to end waits for its watches, which end only with it, until the kubelet kills it after half a
 * minute. With this it ends them by and by, so that not all of their clients come back to the others at once.
 */
const API_SERVER_ARGS = { 'shutdown-watch-termination-grace-period': '10s' };

/** kubeadm's ClusterConfiguration: what all control planes share. */
export function clusterConfiguration(context: StepContext, version: KubeadmApi): object {
  const { spec, cluster } = context;
  const { network, kubernetesVersion, controlPlaneOverrides } = spec.config;
  const dual = (own: string, ipv6: string | undefined): string =>
    ipv6 === undefined ? own : `${own},${ipv6}`;
  const component = (override: ControlPlaneOverride | undefined): object =>
    controlPlaneComponent(override, version);
  const ofApiServer = controlPlaneOverrides?.kubeApiserver;
  const apiServerArgs = { ...API_SERVER_ARGS, ...ofApiServer?.extraArgs };
  return {
    apiVersion: `kubeadm.k8s.io/${version}`,
    kind: 'ClusterConfiguration',
    clusterName: cluster.name,
    kubernetesVersion,
    controlPlaneEndpoint: apiEndpoint(spec).address,
    networking: {
      podSubnet: dual(network.podSubnet, network.ipv6?.podSubnet),
      serviceSubnet: dual(network.serviceSubnet, network.ipv6?.serviceSubnet),
      dnsDomain: 'cluster.local',
    },
    apiServer: {
      ...component({ ...ofApiServer, extraArgs: apiServerArgs }),
      certSANs: certSans(context),
    },
    controllerManager: component(controlPlaneOverrides?.kubeControllerManager),
    scheduler: component(controlPlaneOverrides?.kubeScheduler),
  };
}

function controlPlaneComponent(
  override: ControlPlaneOverride | undefined,
  version: KubeadmApi,
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
  return [...new Set([apiEndpoint(spec).host, 'localhost', '127.0.0.1', ...own, ...reachable])];
}
