import { endpointBackends } from './apiEndpoint.js';
import { byHostname } from './byHostname.js';
import type { ClusterSpec } from './cluster.js';
import { isMember, type AppliedState, type OperationPlan } from './plan.js';
import { stableJson } from './stableJson.js';
import { OperationName } from './words.js';

/** Endpoints that forward elsewhere by now, and labels and the like of nodes that stay. */
export function planUpdate(applied: AppliedState, spec: ClusterSpec): OperationPlan[] {
  const before = applied.spec;
  if (before === undefined) return [];
  const was = new Set(before.config.nodes.map((node) => node.hostname));
  const kept = spec.config.nodes.filter((node) => was.has(node.hostname)).toSorted(byHostname);
  const turned = staleEndpoints(applied, before, spec);
  const endpointMoved = turned.length > 0;
  const keptNow = new Set(kept.map((node) => node.hostname));
  const restrict = (of: ClusterSpec): ClusterSpec => ({
    ...of,
    config: { ...of.config, nodes: of.config.nodes.filter((node) => keptNow.has(node.hostname)) },
  });
  const metadataMoved =
    applied.metadataBegun === true ||
    joinedSince(applied, spec, was) ||
    metadataOf(restrict(before)) !== metadataOf(restrict(spec));
  if (!endpointMoved && !metadataMoved) return [];
  const reasons = [
    ...(endpointMoved ? ['the control planes changed'] : []),
    ...(metadataMoved ? ['labels, annotations, taints or roles changed'] : []),
  ];
  return [
    {
      name: OperationName.NodeUpdate,
      reason: reasons.join('; '),
      nodes: turned.map((hostname) => ({ hostname, path: 'endpoint' })),
      leave: [],
      clusterSteps: metadataMoved ? ['node-metadata'] : [],
    },
  ];
}

/** Nodes have joined in a taskset that did not end well: nobody knows whether theirs was set. */
function joinedSince(applied: AppliedState, spec: ClusterSpec, was: ReadonlySet<string>): boolean {
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  return applied.nodes.some(
    (node) => isMember(node) && wanted.has(node.hostname) && !was.has(node.hostname),
  );
}

/** Nodes that stay, and whose endpoint forwards to other control planes than those of the spec. */
function staleEndpoints(applied: AppliedState, before: ClusterSpec, spec: ClusterSpec): string[] {
  const backends = endpointBackends(spec);
  // Behind a load balancer of somebody else's there is nothing of ours to turn.
  if (backends === '') return [];
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  return applied.nodes
    .filter((node) => isMember(node) && wanted.has(node.hostname))
    .filter(({ endpoint }) => (endpoint ?? endpointBackends(before)) !== backends)
    .map(({ hostname }) => hostname)
    .toSorted();
}

/** What node-metadata sets: a change of it on any node is a NodeUpdate. */
export function metadataOf(spec: ClusterSpec): string {
  return stableJson(
    spec.config.nodes
      .toSorted(byHostname)
      .map(({ hostname, labels, annotations, taints, roles }) => ({
        hostname,
        labels: labels ?? {},
        annotations: annotations ?? {},
        taints: taints ?? [],
        roles: roles.toSorted(),
        location: spec.config.location ?? '',
      })),
  );
}
