import { parse } from 'yaml';

import type { ClusterSpec } from '../../core/cluster.js';
import { neededRow } from '../kubernetesRow.js';
import type { StepContext } from '../steps/types.js';

/** Written by `os-prepare` from the spec's nameservers. */
export const RESOLV_CONF = '/etc/plinth/resolv.conf';

/**
 * The cluster's kubelet configuration. A person's overrides go in first; what plinth relies on wins.
 * What a single machine needs is a patch on that machine, not here: kubeadm shares this one by a ConfigMap.
 */
export function kubeletConfiguration(spec: ClusterSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Swap is off after os-prepare; one that a person turns on later must not stop the kubelet at a reboot.
    failSwapOn: false,
    rotateCertificates: true,
    ...overrides(spec.config.kubeletConfigurationOverrides),
    cgroupDriver: 'systemd',
    // Without it pods inherit the machine's own.
    ...(spec.config.network.nameservers?.length ? { resolvConf: RESOLV_CONF } : {}),
  };
}

/** What this machine's kubelet has of its own, as kubeadm takes it: a strategic-merge patch; empty for nothing. */
export function kubeletPatch({ node, spec, facts }: StepContext): string {
  const { cgroupV1 } = neededRow(spec.config.kubernetesVersion);
  const own = {
    ...overrides(node.kubeletConfigurationOverrides),
    // It refuses to start there otherwise; preflight has warned. Older kubelets do not know the setting.
    ...(cgroupV1 === 'opt-in' && facts?.cgroupVersion === 1 ? { failCgroupV1: false } : {}),
  };
  return Object.keys(own).length === 0 ? '' : JSON.stringify(own);
}

function overrides(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  const value: unknown = parse(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
