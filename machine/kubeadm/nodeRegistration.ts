import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import { Role } from '../../core/words.js';
import type { MachineFacts } from '../facts.js';
import { neededRow } from '../kubernetesRow.js';
import type { StepContext } from '../steps/types.js';
import { extraArgs, type KubeadmApi } from './extraArgs.js';

export const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';
const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };

/** `nodeRegistration` of kubeadm's Init and Join configurations: what the node is called, runs and carries. */
export function nodeRegistration({ spec, node, facts }: StepContext, version: KubeadmApi): object {
  const isControlPlane = node.roles.includes(Role.ControlPlane);
  const dedicated = spec.config.dedicatedControlPlane === true || !node.roles.includes(Role.Worker);
  return {
    name: node.hostname,
    criSocket: CRI_SOCKET,
    imagePullPolicy: 'IfNotPresent',
    // An empty list is not the same as none: kubeadm would add its own taint to a control plane.
    ...(isControlPlane ? { taints: dedicated ? [CONTROL_PLANE_TAINT] : [] } : {}),
    ...ignoredPreflight(spec, facts),
    kubeletExtraArgs: extraArgs(kubeletFlags({ spec, node, facts }), version),
  };
}

/** Flags of the node's kubelet by name, beside those that kubeadm gives by itself. */
export function kubeletFlags({
  spec,
  node,
  facts,
}: Pick<StepContext, 'spec' | 'node'> & { facts?: MachineFacts | undefined }): Record<
  string,
  string
> {
  return {
    ...spec.config.kubeletExtraArgs,
    ...node.kubeletExtraArgs,
    'node-ip': nodeAddresses(spec, node, facts).join(','),
  };
}

/** The node's addresses as the kubelet is told them: in a dual-stack cluster its IPv6 one as well. */
function nodeAddresses(
  spec: ClusterSpec,
  node: NodeSpec,
  facts: MachineFacts | undefined,
): string[] {
  if (spec.config.network.ipv6 === undefined) return [node.privateIP];
  const link = facts?.interfaces?.find(({ addresses }) => addresses.includes(node.privateIP));
  const ipv6 = link?.addresses.find((address) => address.includes(':') && !isLinkLocal(address));
  return ipv6 === undefined ? [node.privateIP] : [node.privateIP, ipv6];
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function ignoredPreflight(spec: ClusterSpec, facts: MachineFacts | undefined): object {
  const ignored = ignoredPreflightErrors(spec, facts);
  return ignored.length === 0 ? {} : { ignorePreflightErrors: ignored };
}

/** kubeadm's own check calls cgroup v1 an error from 1.35 on; ours has judged it by version before. */
export function ignoredPreflightErrors(
  spec: ClusterSpec,
  facts: MachineFacts | undefined,
): string[] {
  const { cgroupV1 } = neededRow(spec.config.kubernetesVersion);
  return cgroupV1 === 'opt-in' && facts?.cgroupVersion === 1 ? ['SystemVerification'] : [];
}
