export const CREDENTIALS = '/apis/infra.k8smgmt.io/v3/projects/{project}/credentials';
export const CREDENTIAL = `${CREDENTIALS}/{name}`;
