import { byHostname } from './byHostname.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import type { AppliedState, NodeTask, OperationPlan } from './plan.js';
import { stableJson } from './stableJson.js';
import { NodeStatus, OperationName } from './words.js';

/** Why a node is in an operation, in words; empty where the operation's own reason says it. */
export function nodeReason(
  { hostname, path }: NodeTask,
  operation: OperationPlan,
  applied: AppliedState,
): string {
  const known = applied.nodes.find((node) => node.hostname === hostname);
  switch (path) {
    case 'leader':
      return 'it is the first control plane: the cluster is initialised on it';
    case 'control-plane':
      return 'a control plane that has not joined yet';
    case 'worker':
    case 'added-worker':
      return 'it has not joined yet';
    case 'upgrade-first':
    case 'upgrade-control-plane':
    case 'upgrade-worker': {
      const from = known?.kubernetesVersion ?? applied.spec?.config.kubernetesVersion;
      const to = operation.kubernetesVersion ?? '';
      return from === undefined ? `it becomes ${to}` : `it runs ${from}, and becomes ${to}`;
    }
    case 'endpoint':
      return 'its API endpoint forwards to other control planes than those of the spec';
    case 'kubelet':
      return 'its kubelet runs with other settings than those of the spec: it gets them and is restarted';
    case 'settle':
      return 'an operation before has left it as failed, or cordoned: it is to be Ready and to take pods';
    case 'blueprint-images':
      return 'the blueprint needs images that it does not have';
    case 'network-images':
      return 'it gets the images of the network before anything of it is changed';
    case 'clean':
      if (operation.name === OperationName.ClusterDeletion) return 'the cluster is to be deleted';
      if (known?.orphaned === true)
        return 'it was orphaned, and is wanted again: it is cleaned first';
      return known?.leaving === true ? 'it had begun to leave' : 'it is not in the spec any more';
    default:
      return '';
  }
}

/** Nodes whose labels, annotations, taints or roles differ from what was applied, and which of them. */
export function metadataReasons(
  before: ClusterSpec,
  spec: ClusterSpec,
): { hostname: string; reason: string }[] {
  const was = new Map(before.config.nodes.map((node) => [node.hostname, node]));
  const moved = (before.config.location ?? '') !== (spec.config.location ?? '');
  return spec.config.nodes
    .flatMap((node) => {
      const old = was.get(node.hostname);
      if (old === undefined) return [];
      const changed = [...(moved ? ['location'] : []), ...changedMetadata(old, node)];
      return changed.length === 0
        ? []
        : [{ hostname: node.hostname, reason: `another value of ${changed.join(', ')}` }];
    })
    .toSorted(byHostname);
}

function changedMetadata(old: NodeSpec, node: NodeSpec): string[] {
  const parts = (of: NodeSpec): Record<string, unknown> => ({
    labels: of.labels ?? {},
    annotations: of.annotations ?? {},
    taints: of.taints ?? [],
    roles: of.roles.toSorted(),
  });
  const [was, is] = [parts(old), parts(node)];
  return Object.keys(is).filter((name) => stableJson(was[name]) !== stableJson(is[name]));
}

/** Seen last without an answer: nothing can be done on its machine. */
export function seemsAway(status: NodeStatus | undefined): boolean {
  return status === NodeStatus.NotReady;
}
