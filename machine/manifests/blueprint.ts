import { platformOf } from '../artifacts/upstream.js';
import { readObjects, writeObjects } from '../kubernetesYaml.js';
import type { StepContext } from '../steps/types.js';
import { place, type PlacedPod } from './placement.js';

export const BLUEPRINT_NAMESPACE = 'plinth-system';

interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: { template?: { spec?: PodSpec } };
}

interface PodSpec extends PlacedPod {
  containers?: { name: string; args?: string[] }[];
}

export interface BlueprintManifests {
  /** Before anything else: the blueprint's namespaces. */
  namespaces: string;
  /** Everything else, as YAML; empty when there is nothing else. */
  text: string;
  /** `kind.group namespace name` of everything in `text`: what is not among them is pruned. */
  objects: string[];
  /** `namespace kind/name` of what has a roll-out to wait for. */
  workloads: string[];
  apiServices: string[];
}

/** What the cluster's blueprint holds, rendered for it: `minimal` is our namespace and the cluster's identity. */
export function blueprintManifests(context: StepContext): BlueprintManifests {
  const upstream = context.manifests?.['metrics-server'];
  const objects = [
    identity(context),
    ...(upstream === undefined ? [] : metricsServer(upstream, context)),
  ];
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet');
  return {
    namespaces: writeObjects([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BLUEPRINT_NAMESPACE } },
    ]),
    text: writeObjects(objects),
    objects: objects.map(objectKey).toSorted(),
    workloads: workloads.map(
      ({ kind, metadata }) =>
        `${metadata.namespace ?? 'default'} ${kind.toLowerCase()}/${metadata.name}`,
    ),
    apiServices: objects
      .filter(({ kind }) => kind === 'APIService')
      .map(({ metadata }) => metadata.name),
  };
}

function identity({ cluster, spec }: StepContext): KubernetesObject {
  const platformVersion = platformOf(spec).version;
  const data = { id: cluster.id, name: cluster.name, project: cluster.project, platformVersion };
  const metadata = { name: 'cluster-identity', namespace: BLUEPRINT_NAMESPACE };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...{ data } };
}

/** kubeadm's kubelets serve by a certificate of their own making, which nothing in the cluster can verify. */
const KUBELET_TLS = '--kubelet-insecure-tls';

function metricsServer(upstream: string, context: StepContext): KubernetesObject[] {
  const objects = readObjects<KubernetesObject>(upstream);
  for (const object of objects) {
    const pod = object.spec?.template?.spec;
    if (pod === undefined) continue;
    for (const container of pod.containers ?? []) {
      if (container.args?.includes(KUBELET_TLS) === false) container.args.push(KUBELET_TLS);
    }
    place(pod, object, context.spec.systemComponentsPlacement);
  }
  return objects;
}

function objectKey({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
  return `${kind.toLowerCase()}${group} ${metadata.namespace ?? '-'} ${metadata.name}`;
}
