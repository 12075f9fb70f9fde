import type { Cluster, NodeSpec } from './cluster.js';
import { SERVER_METADATA } from './serverMetadata.js';
import { stableJson } from './stableJson.js';

export type Desired = Pick<Cluster, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;

/**
 * Two desired specs mean the same exactly when this text is the same: the order of nodes, of their roles and
 * taints and of object keys does not count, nor does what the server sets (`modifiedAt`, …), nor whether a field is
 * left out, false, or an empty map or list. Everything else does. Total over any spec that was accepted.
 */
export function normaliseForCompare(desired: Desired): string {
  const { apiVersion, kind, metadata, spec } = desired;
  const projects = spec.sharing?.projects?.toSorted(by((project) => project.name));
  return stableJson(
    withoutEmpty({
      apiVersion,
      kind,
      metadata: Object.fromEntries(
        Object.entries(metadata).filter(([key]) => !SERVER_METADATA.has(key)),
      ),
      spec: {
        ...spec,
        sharing: spec.sharing && { ...spec.sharing, projects },
        config: {
          ...spec.config,
          nodes: spec.config.nodes.map(normaliseNode).toSorted(by((node) => node.hostname)),
        },
      },
    }),
  );
}

/** Whether an apply asks for what is recorded already, its secrets included: it changes nothing then. */
export function isSameSpec(
  a: { desired: Desired; secretsHash: string },
  b: { desired: Desired; secretsHash: string },
): boolean {
  return (
    a.secretsHash === b.secretsHash &&
    normaliseForCompare(a.desired) === normaliseForCompare(b.desired)
  );
}

function normaliseNode(node: NodeSpec): NodeSpec {
  return {
    ...node,
    roles: node.roles.toSorted(),
    ...(node.taints && { taints: node.taints.toSorted(by(stableJson)) }),
  };
}

/** Members that say nothing are dropped at every depth; elements of lists stay where they are. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]): [string, unknown] => [key, withoutEmpty(inner)])
      .filter(([, inner]) => !saysNothing(inner)),
  );
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  };
}
