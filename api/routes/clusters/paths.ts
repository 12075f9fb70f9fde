const PROJECT = '/apis/infra.k8smgmt.io/v3/projects/{project}';

export const CLUSTERS = `${PROJECT}/clusters` as const;
export const CLUSTER = `${CLUSTERS}/{name}` as const;
/** Beside the clusters: any name below them may be that of one. */
export const SUMMARIES = `${PROJECT}/clustersummaries` as const;
