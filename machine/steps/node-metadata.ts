import type { ClusterSpec, NodeSpec, Taint } from '../../core/cluster.js';
import { Role } from '../../core/words.js';
import { nodeParams } from './nodeParams.js';
import type { StepModule } from './types.js';

/** Nodes whose only work is storage keep everything else away; the others only carry the label. */
const STORAGE_TAINT: Taint = { key: 'node-role.kubernetes.io/storage', effect: 'NoSchedule' };

export const nodeMetadataStep: StepModule = {
  name: 'node-metadata',
  script: ['control-plane-lib.sh', 'node-metadata.sh'],
  timeoutSeconds: 600,
  params: (context) => {
    const { nodes } = context.spec.config;
    return {
      ...nodeParams(context),
      NODES: nodes
        .map((node) => `${node.hostname}\t${JSON.stringify(nodeObject(node, context.spec))}`)
        .join('\n'),
      TAINTS: nodes
        .map((node) => `${node.hostname} ${taintsOf(node).map(taintText).join(' ')}`)
        .join('\n'),
    };
  },
};

/** What we own of a Node object: the spec's labels and annotations, role labels, the location. */
export function nodeObject(node: NodeSpec, spec: ClusterSpec): object {
  const roles = node.roles.filter((role) => role !== Role.ControlPlane);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.hostname,
      labels: {
        ...node.labels,
        ...Object.fromEntries(
          roles.map((role) => [`node-role.kubernetes.io/${role.toLowerCase()}`, '']),
        ),
        ...(spec.config.location === undefined
          ? {}
          : { 'plinth.io/location': spec.config.location }),
      },
      ...(node.annotations === undefined ? {} : { annotations: node.annotations }),
    },
  };
}

function taintsOf(node: NodeSpec): Taint[] {
  const onlyStorage = node.roles.includes(Role.Storage) && !node.roles.includes(Role.Worker);
  return [...(node.taints ?? []), ...(onlyStorage ? [STORAGE_TAINT] : [])];
}

/** As `kubectl taint` takes it. */
function taintText({ key, value, effect }: Taint): string {
  return `${key}=${value ?? ''}:${effect}`;
}
