import { stringify } from 'yaml';

import type { ClusterSpec } from '../../core/cluster.js';
import type { ConsoleSpec } from '../../core/consoleModel.js';
import type { ClusterRecord } from '../../core/records.js';
import { resourceVersion } from '../../core/resourceVersion.js';

/** The Cluster as text that can be edited and posted back, and the same with what was applied last. */
export function specText(record: ClusterRecord): ConsoleSpec {
  const { desired, applied } = record;
  const { apiVersion, kind, metadata, spec } = desired;
  const text = (of: ClusterSpec): string =>
    stringify({ apiVersion, kind, metadata, spec: of }, { lineWidth: 0 });
  return {
    desired: text(spec),
    ...(applied.spec === undefined ? {} : { applied: text(inOrderOf(spec, applied.spec)) }),
    resourceVersion: resourceVersion(record),
  };
}

/** Nodes and fields in the order of the other spec: only what differs is to look different. */
function inOrderOf(order: ClusterSpec, spec: ClusterSpec): ClusterSpec {
  const place = new Map(order.config.nodes.map(({ hostname }, index) => [hostname, index]));
  const last = place.size;
  const nodes = spec.config.nodes.toSorted(
    (a, b) => (place.get(a.hostname) ?? last) - (place.get(b.hostname) ?? last),
  );
  const sorted = { ...spec, config: { ...spec.config, nodes } };
  const byName = new Map(order.config.nodes.map((node) => [node.hostname, node]));
  const likeOrder = fieldsInOrder(order, sorted) as ClusterSpec;
  likeOrder.config.nodes = nodes.map(
    (node) => fieldsInOrder(byName.get(node.hostname), node) as typeof node,
  );
  return likeOrder;
}

function fieldsInOrder(order: unknown, value: unknown): unknown {
  if (!isMap(value) || !isMap(order)) return value;
  const keys = [...Object.keys(order).filter((key) => key in value), ...Object.keys(value)];
  return Object.fromEntries(
    [...new Set(keys)].map((key) => [key, fieldsInOrder(order[key], value[key])]),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
