import type { Artifact } from '../../core/artifacts.js';
import { baseOf } from '../../core/blueprints.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import { Role } from '../../core/words.js';
import type { PlatformRow } from '../../core/platform.js';
import { neededRow } from '../kubernetesRow.js';
import type { StepContext } from '../steps/types.js';
import { platformOf } from './upstream.js';

/** Debian's containerd, Calico and metrics-server are there for every version; a Kubernetes file for its own. */
function serves(artifact: Artifact, kubernetesVersion: string): boolean {
  return artifact.kubernetes === undefined || artifact.kubernetes.includes(kubernetesVersion);
}

function fits(artifact: Artifact, { node }: StepContext): boolean {
  return artifact.arch === 'all' || artifact.arch === node.arch;
}

/** True when machines get their files from us, through the SSH connection. */
export function isBundle(context: StepContext): boolean {
  return context.catalog.source === 'bundle';
}

/** True when some of a bundle's files are compressed: the machine then needs zstd to read them. */
export function isCompressed({ catalog }: StepContext): boolean {
  return catalog.source === 'bundle' && catalog.artifacts.some(({ path }) => path.endsWith('.zst'));
}

/**
 * kubeadm, kubelet and kubectl of the cluster's version.
 * @throws AppError ArtifactMissing naming what the bundle lacks.
 */
export function binaries(context: StepContext): Artifact[] {
  return ['kubeadm', 'kubelet', 'kubectl'].map((name) => binary(context, name));
}

function binary(context: StepContext, name: string): Artifact {
  const { kubernetesVersion } = context.spec.config;
  const found = context.catalog.artifacts.find(
    (artifact) =>
      artifact.kind === 'binary' &&
      artifact.name === name &&
      artifact.version === kubernetesVersion &&
      fits(artifact, context),
  );
  return found ?? missing(context, `${name} ${kubernetesVersion} for ${context.node.arch}`);
}

/** A bundle brings components of its own versions, unless the spec insists on a platform version. */
function insistedOn({ spec }: StepContext): PlatformRow | undefined {
  return spec.config.platformVersion === undefined ? undefined : platformOf(spec);
}

export function cniPlugins(context: StepContext): Artifact {
  const wanted = insistedOn(context)?.cniPlugins;
  const found = context.catalog.artifacts.find(
    (artifact) =>
      artifact.kind === 'cni' &&
      fits(artifact, context) &&
      (wanted === undefined || artifact.version === wanted),
  );
  return found ?? missing(context, `CNI plugins ${wanted ?? ''} for ${context.node.arch}`);
}

/** Packages for the machine's own system. */
export function packages(context: StepContext): Artifact[] {
  const { operatingSystem } = context.node;
  const found = context.catalog.artifacts.filter(
    (artifact) =>
      artifact.kind === 'package' && artifact.os === operatingSystem && fits(artifact, context),
  );
  return found.length > 0 ? found : [missing(context, `packages for ${operatingSystem}`)];
}

/**
 * Images that the node's roles need: Kubernetes of the cluster's version, the network, the blueprint.
 * @throws AppError ArtifactMissing where a bundle has none of the network's version: its agents would wait for them for ever.
 */
export function images(context: StepContext): Artifact[] {
  const { kubernetesVersion, network } = context.spec.config;
  const calico = `v${network.cni.version.replace(/^v/, '')}`;
  const metricsServer = insistedOn(context)?.metricsServer;
  const roles = new Set<string>(context.node.roles);
  const found = context.catalog.artifacts.filter((artifact) => {
    if (artifact.kind !== 'image' || artifact.name.startsWith('lab-')) return false;
    if (!fits(artifact, context) || !serves(artifact, kubernetesVersion)) return false;
    if (artifact.name.startsWith('calico') && artifact.version !== calico) return false;
    if (artifact.name === 'metrics-server') {
      if (baseOf(context.spec, context.blueprint) === 'minimal') return false;
      if (metricsServer !== undefined && artifact.version !== metricsServer) return false;
    }
    if (artifact.roles === undefined || artifact.roles.length === 0) return true;
    // A control plane runs everything that a worker runs, too: its kubelet is one.
    return (
      roles.has(Role.ControlPlane) ||
      artifact.roles.some((role) => roles.has(role) || role === 'Worker')
    );
  });
  if (found.some(({ name }) => name.startsWith('calico'))) return found;
  return missing(context, `images of Calico ${calico} for ${context.node.arch}`);
}

/** The sandbox image that kubeadm of this version expects, from the bundle's own list. */
export function pauseImage(context: StepContext): string {
  const { kubernetesVersion } = context.spec.config;
  const found = context.catalog.artifacts.find(
    (artifact) =>
      artifact.kind === 'image' && artifact.name === 'pause' && serves(artifact, kubernetesVersion),
  );
  return found?.images?.[0] ?? upstreamPause(kubernetesVersion);
}

function upstreamPause(kubernetesVersion: string): string {
  return `registry.k8s.io/pause:${neededRow(kubernetesVersion).pause}`;
}

function missing(context: StepContext, what: string): never {
  throw new AppError(
    ErrorCode.ArtifactMissing,
    `the artifacts (${context.catalog.source}) hold no ${what}`,
    {
      failure: {
        node: context.node.hostname,
        step: 'artifacts',
        hint: 'Choose a version that the bundle holds, or a bundle that holds this one (PLINTH_ARTIFACTS).',
      },
    },
  );
}
