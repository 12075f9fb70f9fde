import { baseOf } from '../../core/blueprints.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import type { ClusterSpec } from '../../core/cluster.js';
import { compareMinors, minorOf } from '../../core/matrix.js';
import { platformRow, type PlatformRow } from '../../core/platform.js';
import { familyOf } from '../families.js';
import type { ArtifactCatalog, StepContext } from '../steps/types.js';

/**
 * Where upstream publishes what a bundle would hold. A mirror serves the same paths below its own address,
 * with the host as the first folder: `online` and `mirror` differ by nothing else.
 */
export function upstreamUrl({ baseUrl }: Pick<ArtifactCatalog, 'baseUrl'>, url: string): string {
  return baseUrl === undefined ? url : `${baseUrl}/${url.replace(/^https:\/\//, '')}`;
}

/** Registries that images come from; each is asked through the mirror when there is one. */
export const REGISTRIES = ['registry.k8s.io', 'docker.io', 'quay.io'] as const;

/**
 * The versions of the spec's platform.
 * @throws AppError InvalidRequest for one that validation should have refused.
 */
export function platformOf({ config: { platformVersion } }: ClusterSpec): PlatformRow {
  const row = platformRow(platformVersion);
  if (row !== undefined) return row;
  throw new AppError(
    ErrorCode.InvalidRequest,
    `platform version ${String(platformVersion)} is not known`,
  );
}

export interface UpstreamUrls {
  /** Folder of kubeadm, kubelet, kubectl, each with its `.sha256` beside it. */
  kubernetes: string;
  /** The CNI plugins' archive, with its `.sha256` beside it. */
  cniPlugins: string;
}

export function upstreamUrls(context: StepContext): UpstreamUrls {
  const { arch } = context.node;
  const { kubernetesVersion } = context.spec.config;
  const { cniPlugins } = platformOf(context.spec);
  const release = 'https://dl.k8s.io/release';
  const plugins = 'https://github.com/containernetworking/plugins/releases/download';
  return {
    kubernetes: upstreamUrl(context.catalog, `${release}/${kubernetesVersion}/bin/linux/${arch}`),
    cniPlugins: upstreamUrl(
      context.catalog,
      `${plugins}/${cniPlugins}/cni-plugins-linux-${arch}-${cniPlugins}.tgz`,
    ),
  };
}

/**
 * The package repository that has containerd where the system's own have none, as a file of yum.repos.d;
 * empty where none is needed. Off by default: only our own installation asks it.
 */
export function containerdRepository({ node, catalog }: StepContext): string {
  if (catalog.source === 'bundle' || familyOf(node.operatingSystem) !== 'rhel') return '';
  const base = upstreamUrl(catalog, 'https://download.docker.com/linux/centos');
  return [
    '[plinth-containerd]',
    'name=containerd.io, for plinth',
    `baseurl=${base}/$releasever/$basearch/stable`,
    'enabled=0',
    'gpgcheck=1',
    `gpgkey=${base}/gpg`,
  ].join('\n');
}

/** Images that every node needs beside those that kubeadm names. */
export function addonImages(context: StepContext): string[] {
  return [
    ...calicoImages(context.spec.config.network.cni.version),
    ...(baseOf(context.spec, context.blueprint) === 'minimal'
      ? []
      : [
          `registry.k8s.io/metrics-server/metrics-server:${platformOf(context.spec).metricsServer}`,
        ]),
  ];
}

/** From which minor on Calico's own manifests name quay.io, and no longer docker.io. */
const CALICO_AT_QUAY = '3.31';

/** As its manifest of that version names them. */
function calicoImages(version: string): string[] {
  const atQuay = compareMinors(minorOf(version) ?? '', CALICO_AT_QUAY) >= 0;
  const tag = `v${version.replace(/^v/, '')}`;
  return ['cni', 'node', 'kube-controllers'].map(
    (part) => `${atQuay ? 'quay.io' : 'docker.io'}/calico/${part}:${tag}`,
  );
}

/** Manifests upstream publishes, by the name that steps ask for. */
export function upstreamManifestUrl(name: string, spec: ClusterSpec): string {
  const calico = `v${spec.config.network.cni.version.replace(/^v/, '')}`;
  const { metricsServer } = platformOf(spec);
  const urls: Readonly<Record<string, string>> = {
    'calico-vxlan': `https://raw.githubusercontent.com/projectcalico/calico/${calico}/manifests/calico-vxlan.yaml`,
    'metrics-server': `https://github.com/kubernetes-sigs/metrics-server/releases/download/${metricsServer}/components.yaml`,
  };
  const url = urls[name];
  if (url !== undefined) return url;
  throw new AppError(ErrorCode.ArtifactMissing, `upstream publishes no manifest ${name}`);
}
