const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects';

export function clustersPath(project: string): string {
  return `${CLUSTERS}/${encodeURIComponent(project)}/clusters`;
}

export function clusterPath(project: string, name: string): string {
  return `${clustersPath(project)}/${encodeURIComponent(name)}`;
}
