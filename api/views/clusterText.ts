import type { ClusterRecord } from '../../core/records.js';
import type { ListedCluster } from '../../store/clusterStore.js';
import { clusterView } from './clusterView.js';

/** The store gives the same object while a cluster is as it was. */
const texts = new WeakMap<ListedCluster, string>();

/** `clusterView` as JSON; of a cluster that was shown before, what was written then. */
export function clusterText(cluster: ListedCluster): string {
  const known = texts.get(cluster);
  if (known !== undefined) return known;
  const desired = JSON.parse(cluster.desired) as ClusterRecord['desired'];
  const text = JSON.stringify(clusterView({ ...cluster, desired }));
  texts.set(cluster, text);
  return text;
}
