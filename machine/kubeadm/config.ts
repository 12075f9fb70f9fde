import { AppError, ErrorCode } from '../../core/errors.js';
import { compareMinors } from '../../core/matrix.js';
import { neededRow } from '../kubernetesRow.js';
import { writeObjects } from '../kubernetesYaml.js';
import type { JoinSecrets, StepContext } from '../steps/types.js';
import { clusterConfiguration } from './clusterConfiguration.js';
import { apiEndpoint } from './endpoint.js';
import type { KubeadmApi } from './extraArgs.js';
import { kubeletConfiguration, kubeletPatch } from './kubeletConfiguration.js';
import { CRI_SOCKET, nodeRegistration } from './nodeRegistration.js';

/** Where node-scoped kubelet patches lie while kubeadm runs. */
export const PATCHES = '/etc/plinth/kubeadm-patches';

/** What `kubeadm init --config` reads: Init, Cluster, Kubelet and KubeProxy configuration. */
export function initConfig(context: StepContext): string {
  const { spec, node } = context;
  const version = neededRow(spec.config.kubernetesVersion).kubeadmApi;
  return writeObjects([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'InitConfiguration',
      ...bootstrapTokens(context),
      localAPIEndpoint: { advertiseAddress: node.privateIP, bindPort: 6443 },
      nodeRegistration: nodeRegistration(context, version),
      ...timeouts(version, apiEndpoint(spec).external),
      ...skipPhases(spec.config.kubernetesVersion),
      ...patches(context),
    },
    clusterConfiguration(context, version),
    kubeletConfiguration(spec),
    kubeProxyConfiguration(context),
  ]);
}

/** What `kubeadm join --config` reads; with a certificate key it is a control plane's. */
export function joinConfig(context: StepContext): string {
  const { spec, node } = context;
  const version = neededRow(spec.config.kubernetesVersion).kubeadmApi;
  const join = joinSecrets(context);
  return writeObjects([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'JoinConfiguration',
      discovery: {
        bootstrapToken: {
          token: join.token,
          apiServerEndpoint: apiEndpoint(spec).address,
          caCertHashes: [join.caCertHash],
        },
        tlsBootstrapToken: join.token,
      },
      nodeRegistration: nodeRegistration(context, version),
      ...timeouts(version, apiEndpoint(spec).external),
      ...skipPhases(spec.config.kubernetesVersion),
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
  const version = neededRow(context.spec.config.kubernetesVersion).kubeadmApi;
  const { certificateKey } = joinSecrets(context);
  if (certificateKey === undefined) return '';
  return writeObjects([
    {
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: context.node.privateIP, bindPort: 6443 },
      // Asked for only so that kubeadm does not look for a runtime by itself and find two.
      nodeRegistration: { name: context.node.hostname, criSocket: CRI_SOCKET },
      certificateKey,
    },
    clusterConfiguration(context, version),
  ]);
}

/** With none, kubeadm makes one of its own, good for a day: the step takes that one back. */
function bootstrapTokens({ firstTokens = [] }: StepContext): object {
  if (firstTokens.length === 0) return {};
  return {
    bootstrapTokens: firstTokens.map(({ hostname, token }) => ({
      token,
      description: `plinth: ${hostname} joins`,
      ttl: '30m0s',
      usages: ['signing', 'authentication'],
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    })),
  };
}

function joinSecrets({ join, node }: StepContext): JoinSecrets {
  if (join !== undefined) return join;
  throw new AppError(ErrorCode.Internal, `no join credentials were made for ${node.hostname}`);
}

/**
 * A kubelet that is not healthy after two minutes (it takes seconds) never is: its people should know. A load balancer
 * sends nobody to an API server that it has not seen healthy for a while (often 3 × 30 s): until then no call gets
 * through. Before v1beta4 kubeadm's own cannot be changed.
 */
function timeouts(version: KubeadmApi, external: boolean): object {
  if (version !== 'v1beta4') return {};
  const patience = external ? { kubernetesAPICall: '3m0s' } : {};
  return { timeouts: { kubeletHealthCheck: '2m0s', discovery: '2m0s', ...patience } };
}

/**
 * Before 1.32 kubeadm's own preflight calls crictl, which is not part of Kubernetes, to pull images that are there
 * already. What else it looks at, ours has looked at before the first change.
 */
export function skippedPhases(kubernetesVersion: string): string[] {
  const { minor } = neededRow(kubernetesVersion);
  return compareMinors(minor, '1.32') < 0 ? ['preflight'] : [];
}

function skipPhases(kubernetesVersion: string): object {
  const phases = skippedPhases(kubernetesVersion);
  return phases.length === 0 ? {} : { skipPhases: phases };
}

function patches(context: StepContext): object {
  return kubeletPatch(context) === '' ? {} : { patches: { directory: PATCHES } };
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
