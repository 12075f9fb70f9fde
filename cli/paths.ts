const PROJECTS = '/apis/infra.k8smgmt.io/v3/projects';

export function projectPath(project: string): string {
  return `${PROJECTS}/${encodeURIComponent(project)}`;
}

export function clustersPath(project: string): string {
  return `${projectPath(project)}/clusters`;
}

export function clusterPath(project: string, name: string): string {
  return `${clustersPath(project)}/${encodeURIComponent(name)}`;
}

export function nodePath(project: string, name: string, hostname: string): string {
  return `${clusterPath(project, name)}/nodes/${encodeURIComponent(hostname)}`;
}
