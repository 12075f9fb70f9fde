import type { StepContext } from './types.js';

/** What every kubeadm step knows of its node. */
export function nodeParams({ node, spec }: StepContext): Record<string, string> {
  return {
    NODE_NAME: node.hostname,
    PRIVATE_IP: node.privateIP,
    KUBERNETES_VERSION: spec.config.kubernetesVersion,
  };
}
