export const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/{project}/clusters';
export const CLUSTER = `${CLUSTERS}/{name}` as const;
