import { parse } from 'yaml';

import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import type { MachineFacts } from '../facts.js';

/**
 * The cluster's kubelet configuration. A person's overrides go in first; what plinth relies on wins.
 * Overrides of a single node are patches on that machine, not here: kubeadm shares this one by a ConfigMap.
 */
export function kubeletConfiguration(
  spec: ClusterSpec,
  facts: MachineFacts | undefined,
): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Swap is off after os-prepare; one that a person turns on later must not stop the kubelet at a reboot.
    failSwapOn: false,
    rotateCertificates: true,
    ...overrides(spec.config.kubeletConfigurationOverrides),
    cgroupDriver: 'systemd',
    // 1.35 refuses cgroup v1 otherwise; preflight has warned.
    ...(facts?.cgroupVersion === 1 ? { failCgroupV1: false } : {}),
  };
}

/** A node's own settings as kubeadm takes them: a strategic-merge patch on the machine. */
export function kubeletPatch(node: NodeSpec): string {
  const own = overrides(node.kubeletConfigurationOverrides);
  return Object.keys(own).length === 0 ? '' : JSON.stringify(own);
}

function overrides(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  const value: unknown = parse(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
