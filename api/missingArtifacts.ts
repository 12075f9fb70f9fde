import { appliedState } from '../core/appliedState.js';
import { archsOf, artifactProblems, availableVersions } from '../core/artifactHoldings.js';
import type { ClusterSpec } from '../core/cluster.js';
import type { Problem } from '../core/errors.js';
import { plan } from '../core/plan.js';
import type { ClusterRecord } from '../core/records.js';
import type { Store } from '../store/types.js';

/**
 * What of Kubernetes an apply of `spec` needs and no worker's artifacts hold: it would be found minutes later, on the
 * machines. Where nobody is at work nothing is known, and nothing is said.
 */
export async function missingArtifacts(
  store: Store,
  existing: ClusterRecord | undefined,
  spec: ClusterSpec,
): Promise<Problem[]> {
  if (!mayInstall(existing, spec)) return [];
  const workers = await store.workers.live();
  if (workers.length === 0 || workers.some(({ kubernetes }) => kubernetes === undefined)) return [];
  const nodes = existing === undefined ? [] : await store.nodes.list(existing.id);
  const applied = appliedState({
    record: existing ?? { applied: { initialised: false, created: false } },
    nodes,
  });
  const available = availableVersions(workers, archsOf(applied)) ?? [];
  const operations = plan(applied, { spec, deleting: false, available });
  return artifactProblems(workers, operations, spec.config);
}

/** Most applies bring no machine another version: those need not read a thousand nodes. */
function mayInstall(existing: ClusterRecord | undefined, { config }: ClusterSpec): boolean {
  const { spec, kubernetesVersion } = existing?.applied ?? {};
  if (spec === undefined || kubernetesVersion !== config.kubernetesVersion) return true;
  const was = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  return config.nodes.some(({ hostname }) => !was.has(hostname));
}
