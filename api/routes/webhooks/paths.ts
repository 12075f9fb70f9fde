export const WEBHOOKS = '/apis/infra.k8smgmt.io/v3/projects/{project}/webhooks';
export const WEBHOOK = `${WEBHOOKS}/{name}`;
