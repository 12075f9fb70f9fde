import type { KubernetesRow } from '../../core/matrixData.js';

type Args = Record<string, string>;
/** The version of kubeadm's own API. */
export type KubeadmApi = KubernetesRow['kubeadmApi'];

/** A list of pairs since v1beta4, a map before. */
export function extraArgs(
  args: Args,
  version: KubeadmApi,
): { name: string; value: string }[] | Args {
  if (version === 'v1beta3') return args;
  return Object.entries(args).map(([name, value]) => ({ name, value }));
}
