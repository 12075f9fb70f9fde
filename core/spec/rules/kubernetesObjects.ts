import { isRecord } from '../cursor.js';

/** An object of a manifest, as far as it must be known before a cluster sees it. */
export interface ManifestObject {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** Kinds of Kubernetes' own that live in a namespace, by their API group. */
const NAMESPACED: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...['ConfigMap', 'Endpoints', 'Event', 'LimitRange', 'PersistentVolumeClaim', 'Pod'],
    ...['PodTemplate', 'ReplicationController', 'ResourceQuota', 'Secret', 'Service'],
    'ServiceAccount',
  ],
  apps: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  autoscaling: ['HorizontalPodAutoscaler'],
  batch: ['CronJob', 'Job'],
  'coordination.k8s.io': ['Lease'],
  'discovery.k8s.io': ['EndpointSlice'],
  'networking.k8s.io': ['Ingress', 'NetworkPolicy'],
  policy: ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io': ['Role', 'RoleBinding'],
};

/** What plinth itself keeps in every cluster. */
const OURS: ReadonlySet<string> = new Set(['plinth-system']);

export interface ReadObjects {
  objects: ManifestObject[];
  problems: string[];
}

/**
 * The objects of YAML documents, in order, or what is wrong with them, in words that quote names only. Empty documents
 * are none; a List is what is in it.
 */
export function readObjects(documents: readonly unknown[], namespace?: string): ReadObjects {
  const read: ReadObjects = { objects: [], problems: [] };
  const given = documents.filter((document) => document !== null && document !== undefined);
  if (given.length === 0) read.problems.push('holds no object');
  documents.forEach((document, index) => {
    if (document === null || document === undefined) return;
    take(read, document, { where: `document ${index + 1}`, namespace });
  });
  return read;
}

function take(
  read: ReadObjects,
  value: unknown,
  of: { where: string; namespace: string | undefined },
): void {
  if (!isRecord(value)) {
    read.problems.push(`${of.where}: is no object: a map with apiVersion, kind and metadata`);
    return;
  }
  const { apiVersion, kind, items } = value;
  if (kind === 'List' && Array.isArray(items)) {
    items.forEach((item: unknown, index) => {
      take(read, item, { ...of, where: `${of.where}, items[${index}]` });
    });
    return;
  }
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const missing = [
    ...(isText(apiVersion) ? [] : ['apiVersion']),
    ...(isText(kind) ? [] : ['kind']),
    ...(isText(metadata['name']) ? [] : ['metadata.name']),
  ];
  if (!isText(apiVersion) || !isText(kind) || !isText(metadata['name'])) {
    const generated = isText(metadata['generateName']) && missing.includes('metadata.name');
    const why = generated ? ' (a generated one could not be found again)' : '';
    read.problems.push(`${of.where}: has no ${missing.join(', ')}${why}`);
    return;
  }
  const own = metadata['namespace'];
  const namespaced = isNamespaced(apiVersion, kind);
  const namespace = isText(own) ? own : namespaced === false ? undefined : of.namespace;
  const title = `${of.where}: ${kind} ${metadata['name']}`;
  if (namespaced === true && namespace === undefined) {
    read.problems.push(`${title} has no namespace: give it one, or the add-on`);
  }
  if (OURS.has(namespace ?? '') || (kind === 'Namespace' && OURS.has(metadata['name']))) {
    read.problems.push(`${title} is in plinth-system, which is plinth's own`);
  }
  const object = { apiVersion, kind, name: metadata['name'] };
  read.objects.push(namespace === undefined ? object : { ...object, namespace });
}

/** Undefined: a kind that is not Kubernetes' own. */
function isNamespaced(apiVersion: string, kind: string): boolean | undefined {
  const group = groupOf(apiVersion);
  if (NAMESPACED[group]?.includes(kind) === true) return true;
  const own = group === '' || !group.includes('.') || group.endsWith('.k8s.io');
  return own ? false : undefined;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** The same for two objects of one name, whatever the version of their API. */
export function objectKey({ apiVersion, kind, namespace, name }: ManifestObject): string {
  const group = groupOf(apiVersion);
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`} ${namespace ?? '-'} ${name}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
