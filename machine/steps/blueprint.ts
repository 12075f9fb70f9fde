import type { Artifact } from '../../core/artifacts.js';
import { AddonType, baseOf } from '../../core/blueprints.js';
import { helmSource } from '../artifacts/helm.js';
import { blueprintManifests } from '../manifests/blueprint.js';
import { nodeParams } from './nodeParams.js';
import { insecureDownloads, proxyEnvironment } from './proxy.js';
import type { RenderedAddon, StepContext, StepModule } from './types.js';

/** All of a blueprint's workloads together get so long. */
const HEALTH_SECONDS = 600;

const manifests = ({ spec, blueprint }: StepContext): readonly string[] =>
  baseOf(spec, blueprint) === 'minimal' ? [] : ['metrics-server'];

const SCRIPT = [
  ...(['control-plane-lib.sh', 'environment.sh', 'bundle-file.sh', 'fetch.sh'] as const),
  ...(['blueprint-lib.sh', 'helm-chart.sh'] as const),
];

export const namespaceSyncStep: StepModule = {
  name: 'namespace-sync',
  script: [...SCRIPT, 'namespace-sync.sh'],
  timeoutSeconds: 600,
  addons: true,
  artifacts: addonArtifacts,
  params: (context) => ({
    ...nodeParams(context),
    ...addonParams(context),
    MANIFEST: blueprintManifests(context).namespaces,
  }),
};

export const blueprintSyncStep: StepModule = {
  name: 'blueprint-sync',
  script: [...SCRIPT, 'blueprint-sync.sh'],
  timeoutSeconds: 900,
  addons: true,
  artifacts: addonArtifacts,
  manifests,
  params: (context) => {
    const { objects, text } = blueprintManifests(context);
    return {
      ...nodeParams(context),
      ...addonParams(context),
      MANIFEST: text,
      OBJECTS: objects.join('\n'),
    };
  },
};

export const blueprintHealthStep: StepModule = {
  name: 'blueprint-health',
  script: ['control-plane-lib.sh', 'blueprint-health.sh'],
  // What is not healthy by then is looked at once more, one by one.
  timeoutSeconds: 2 * HEALTH_SECONDS,
  manifests,
  params: (context) => {
    const { workloads, apiServices } = blueprintManifests(context);
    return {
      ...nodeParams(context),
      WORKLOADS: ['kube-system deployment/coredns', ...workloads].join('\n'),
      APISERVICES: apiServices.join('\n'),
      ADDONS: context.blueprint === undefined ? '' : 'remembered',
      HEALTH_SECONDS: String(HEALTH_SECONDS),
    };
  },
};

export const blueprintDriftStep: StepModule = {
  name: 'blueprint-drift',
  script: [...SCRIPT, 'blueprint-drift.sh'],
  timeoutSeconds: 600,
  addons: true,
  artifacts: addonArtifacts,
  manifests,
  params: (context) => {
    const { namespaces, text } = blueprintManifests(context);
    return {
      ...nodeParams(context),
      ...addonParams(context),
      MANIFEST: text === '' ? namespaces : `${namespaces}---\n${text}`,
    };
  },
};

/** The tables that blueprint-lib.sh reads. */
function addonParams(context: StepContext): Record<string, string> {
  const addons = context.blueprint?.addons ?? [];
  return {
    ADDONS: addons.map(addonRow).join('\n'),
    FILES: addons
      .flatMap(({ files }, index) =>
        files.map(({ sha256, path }) => `${String(index)} ${sha256} ${path}`),
      )
      .join('\n'),
    ...helmParams(context),
  };
}

const hasCharts = ({ blueprint }: StepContext): boolean =>
  blueprint?.addons.some(({ type }) => type === AddonType.Helm) ?? false;

function helmParams(context: StepContext): Record<string, string> {
  const none = { version: '', url: undefined, artifact: undefined };
  const { version, artifact, url } = hasCharts(context) ? helmSource(context) : none;
  return {
    HELM_VERSION: version,
    HELM_SUM: artifact?.sha256 ?? '',
    HELM_URL: url ?? '',
    SKIP_VERIFY: String(url !== undefined && insecureDownloads(context)),
    // Nothing but helm itself is fetched.
    PROXY_ENVIRONMENT: url === undefined ? '' : proxyEnvironment(context),
  };
}

function addonRow({ type, name, namespace, releaseName }: RenderedAddon, index: number): string {
  const release = type === AddonType.Helm ? (releaseName ?? name) : '-';
  return [String(index), type, namespace ?? '-', release, name].join(' ');
}

/** The contents of add-ons travel as files, each once, however large. */
function addonArtifacts(context: StepContext): Artifact[] {
  const files = (context.blueprint?.addons ?? []).flatMap((addon) => addon.files);
  const helm = hasCharts(context) ? helmSource(context).artifact : undefined;
  return [
    ...(helm === undefined ? [] : [helm]),
    ...files.map(({ sha256, bytes, path }): Artifact => ({
      ...{ path: `blueprint/${path}`, sha256, size: bytes.length },
      ...{ kind: 'manifest', name: path, version: sha256, arch: context.node.arch },
    })),
  ];
}
