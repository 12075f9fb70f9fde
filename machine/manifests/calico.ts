import type { ClusterSpec } from '../../core/cluster.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import { apiEndpoint } from '../kubeadm/endpoint.js';
import { readObjects, writeObjects } from '../kubernetesYaml.js';
import { place, type PlacedPod } from './placement.js';

/** Its artifact's name. */
export const CALICO_MANIFEST = 'calico-vxlan';

interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: unknown;
}

interface Workload {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string };
  data?: Record<string, string>;
  spec?: {
    updateStrategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string } };
    template?: { spec?: PlacedPod & { containers?: { name: string; env?: EnvVar[] }[] } };
  };
}

/**
 * Calico's own manifest for this cluster: VXLAN with the pod subnet as its pool, and the address that the
 * kubelet was told, so that a machine with several networks never takes the wrong one.
 */
export function calicoManifest(upstream: string, spec: ClusterSpec): string {
  const objects = readObjects<Workload>(upstream);
  const node = objects.find((o) => o.kind === 'DaemonSet' && o.metadata?.name === 'calico-node');
  const container = node?.spec?.template?.spec?.containers?.find(
    ({ name }) => name === 'calico-node',
  );
  if (container === undefined) {
    throw new AppError(
      ErrorCode.ArtifactCorrupt,
      'the Calico manifest has no calico-node DaemonSet',
    );
  }
  replaceAtOnce(node, spec);
  container.env = withEnv(container.env ?? [], environment(spec));
  const network = cniConfiguration(objects);
  network.set(PLUGIN, `"policy_setup_timeout_seconds": ${String(NETWORK_SECONDS)}`);
  if (spec.config.network.ipv6 !== undefined) {
    // Calico's IPAM gives pods an IPv6 address only where its CNI configuration asks for one.
    network.set(IPAM, '"assign_ipv4": "true", "assign_ipv6": "true"');
  }
  for (const { kind, spec: workload } of objects) {
    const pod = workload?.template?.spec;
    if (pod !== undefined) {
      place(pod, { kind, everywhere: kind === 'DaemonSet' }, spec.systemComponentsPlacement);
    }
  }
  return writeObjects([serviceEndpoint(spec), ...objects]);
}

/** `namespace kind/name` of what is rolled out of it. */
export function networkWorkloads(upstream: string): string[] {
  return readObjects<Workload>(upstream)
    .filter(({ kind }) => kind === 'DaemonSet' || kind === 'Deployment')
    .map(
      ({ kind = '', metadata }) =>
        `${metadata?.namespace ?? 'default'} ${kind.toLowerCase()}/${metadata?.name ?? ''}`,
    );
}

/** Agents are replaced as many at a time as the spec has workers upgraded; upstream's own is one. */
function replaceAtOnce(node: Workload | undefined, { config }: ClusterSpec): void {
  const { strategy, params } = config.kubernetesUpgrade ?? {};
  const wanted = params?.workerConcurrency;
  if (node?.spec === undefined || strategy !== 'concurrent' || wanted === undefined) return;
  const maxUnavailable = wanted.endsWith('%') ? wanted : Number(wanted);
  node.spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } };
}

/**
 * Calico's agent and its CNI plugin, both in the machine's own network, ask the API server through the node's
 * endpoint: a pod's network then does not wait for kube-proxy, which would cost a crash and its back-off.
 * The name is Calico's own: https://docs.tigera.io/calico/latest/operations/ebpf/enabling-ebpf
 */
function serviceEndpoint(spec: ClusterSpec): Workload {
  const { host, port, external } = apiEndpoint(spec);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubernetes-services-endpoint', namespace: 'kube-system' },
    data: {
      KUBERNETES_SERVICE_HOST: external ? host : '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port),
    },
  };
}

const PLUGIN = /"type":\s*"calico"/;
const IPAM = /"type":\s*"calico-ipam"/;

/**
 * A pod starts once Calico's agent has let traffic to it through, at the latest after this: one that is ready earlier gets a
 * service's requests which nobody answers, for seconds on a busy machine.
 */
const NETWORK_SECONDS = 30;

/** The CNI configuration in the manifest, in which fields are set after a plugin's type. */
function cniConfiguration(objects: readonly Workload[]): {
  set(type: RegExp, fields: string): void;
} {
  const config = objects.find(
    (o) => o.kind === 'ConfigMap' && o.metadata?.name === 'calico-config',
  );
  return {
    set(type, fields) {
      const text = config?.data?.['cni_network_config'];
      if (config?.data === undefined || text === undefined || !type.test(text)) {
        throw new AppError(
          ErrorCode.ArtifactCorrupt,
          'the Calico manifest has no CNI configuration of calico with calico-ipam',
        );
      }
      // Not parsed: it holds placeholders that are no JSON.
      config.data['cni_network_config'] = text.replace(type, (known) => `${known}, ${fields}`);
    },
  };
}

function environment(spec: ClusterSpec): Record<string, string> {
  const { podSubnet, ipv6 } = spec.config.network;
  return {
    CALICO_IPV4POOL_CIDR: podSubnet,
    CALICO_IPV4POOL_VXLAN: 'Always',
    CALICO_IPV4POOL_IPIP: 'Never',
    IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
    // Where the agent says which pods it has let traffic through to, for the CNI plugin that waits for it.
    FELIX_ENDPOINTSTATUSPATHPREFIX: '/var/run/calico',
    ...(ipv6?.podSubnet === undefined
      ? {}
      : {
          IP6: 'autodetect',
          IP6_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
          CALICO_IPV6POOL_CIDR: ipv6.podSubnet,
          CALICO_IPV6POOL_VXLAN: 'Always',
          CALICO_IPV6POOL_NAT_OUTGOING: 'true',
          FELIX_IPV6SUPPORT: 'true',
        }),
  };
}

function withEnv(env: EnvVar[], set: Record<string, string>): EnvVar[] {
  const kept = env.filter(({ name }) => !(name in set));
  return [...kept, ...Object.entries(set).map(([name, value]) => ({ name, value }))];
}
