import type { Artifact } from './artifacts.js';
import type { Problem } from './errors.js';
import { minorOf } from './matrix.js';
import type { AppliedState, OperationPlan } from './plan.js';
import { joiningPaths, type NodePath } from './steps.js';
import { compareVersions } from './upgrade.js';

/** Which Kubernetes the artifacts of one worker hold; absent: any, machines fetch it themselves. */
export interface ArtifactHolding {
  kubernetes?: readonly KubernetesHeld[];
}

export interface KubernetesHeld {
  version: string;
  /** Of the machines that it is for. */
  arch: Artifact['arch'];
}

/** Every version whose kubeadm a bundle holds. */
export function holdingOf(catalog: {
  source: 'bundle' | 'mirror' | 'online';
  artifacts: readonly Artifact[];
}): ArtifactHolding {
  if (catalog.source !== 'bundle') return {};
  const kubeadm = catalog.artifacts.filter(
    ({ kind, name }) => kind === 'binary' && name === 'kubeadm',
  );
  return { kubernetes: kubeadm.map(({ version, arch }) => ({ version, arch })) };
}

/** Of the machines that an upgrade is about. */
export function archsOf({ nodes }: Pick<AppliedState, 'nodes'>): ReadonlySet<string> {
  return new Set(nodes.filter(({ joined }) => joined).map(({ spec }) => spec.arch));
}

/**
 * Versions that an upgrade of machines of these architectures may go through; undefined: nobody restricts them. Of each
 * minor those that every worker holds, whoever of them comes to do it, or else those that any does.
 */
export function availableVersions(
  workers: readonly ArtifactHolding[],
  archs: ReadonlySet<string>,
): string[] | undefined {
  const lists = workers.flatMap(({ kubernetes }) =>
    kubernetes === undefined ? [] : [versionsFor(kubernetes, archs)],
  );
  if (lists.length === 0) return undefined;
  const any = [...new Set(lists.flat())].toSorted(compareVersions);
  const all = any.filter((version) => lists.every((list) => list.includes(version)));
  const shared = new Set(all.map(minorOf));
  return any.filter((version) => !shared.has(minorOf(version)) || all.includes(version));
}

function versionsFor(held: readonly KubernetesHeld[], archs: ReadonlySet<string>): string[] {
  const has = (version: string, arch: string): boolean =>
    held.some((each) => each.version === version && (each.arch === 'all' || each.arch === arch));
  const versions = [...new Set(held.map(({ version }) => version))];
  return versions.filter((version) => [...archs].every((arch) => has(version, arch)));
}

/**
 * What no worker could give the machines of these operations, whichever of them came to do it. Nothing where nobody is
 * known to be at work: who comes may hold it.
 */
export function artifactProblems(
  workers: readonly ArtifactHolding[],
  operations: readonly OperationPlan[],
  config: { kubernetesVersion: string; nodes: readonly { hostname: string; arch?: string }[] },
): Problem[] {
  const held = workers.flatMap(({ kubernetes }) => (kubernetes === undefined ? [] : [kubernetes]));
  // One whose machines fetch for themselves is enough.
  if (workers.length === 0 || held.length < workers.length) return [];
  const archOf = new Map(config.nodes.map(({ hostname, arch }) => [hostname, arch]));
  const lacking = operations.flatMap(({ nodes, kubernetesVersion = config.kubernetesVersion }) =>
    nodes
      .filter(({ path }) => installs(path))
      .flatMap(({ hostname }) => archOf.get(hostname) ?? [])
      .filter((arch) =>
        held.every((list) => !versionsFor(list, new Set([arch])).includes(kubernetesVersion)),
      )
      .map((arch) => `${kubernetesVersion} for ${arch}`),
  );
  const known = [...new Set(held.flat().map(({ version }) => version))].toSorted(compareVersions);
  return [...new Set(lacking)].map((what) => ({
    path: 'spec.config.kubernetesVersion',
    message: `${what} is in no worker's artifacts (PLINTH_ARTIFACTS): they hold ${known.length === 0 ? 'no Kubernetes' : known.join(', ')}`,
  }));
}

function installs(path: NodePath): boolean {
  return joiningPaths.has(path) || UPGRADES.has(path);
}

const UPGRADES: ReadonlySet<NodePath> = new Set([
  ...(['upgrade-first', 'upgrade-control-plane', 'upgrade-worker'] as const),
]);
