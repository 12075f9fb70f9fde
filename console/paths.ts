interface ClusterName {
  project: string;
  name: string;
}

/** Of the V3 API. */
export function apiPath({ project, name }: ClusterName): string {
  return `${clustersPath(project)}/${encodeURIComponent(name)}`;
}

export function clustersPath(project: string): string {
  return `/apis/infra.k8smgmt.io/v3/projects/${encodeURIComponent(project)}/clusters`;
}

/** Of what only the console asks for. */
export function consolePath({ project, name }: ClusterName): string {
  return `/console/clusters/${encodeURIComponent(project)}/${encodeURIComponent(name)}`;
}
