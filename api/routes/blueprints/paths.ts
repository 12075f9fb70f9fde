export const BLUEPRINTS = '/apis/infra.k8smgmt.io/v3/projects/{project}/blueprints';
export const BLUEPRINT = `${BLUEPRINTS}/{name}`;
