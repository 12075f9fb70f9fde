/** Whose key may; `console`: only a page of the console, whatever key comes along. */
export type Need =
  | 'nothing'
  | 'token'
  | 'console'
  | 'viewer'
  | 'operator'
  | 'admin'
  | 'viewer of all'
  | 'admin of all';

const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/:project/clusters';
const CLUSTER = `${CLUSTERS}/:name`;
const BLUEPRINTS = '/apis/infra.k8smgmt.io/v3/projects/:project/blueprints';
const CREDENTIALS = '/apis/infra.k8smgmt.io/v3/projects/:project/credentials';
const WEBHOOKS = '/apis/infra.k8smgmt.io/v3/projects/:project/webhooks';
const SYSTEM = '/apis/system.k8smgmt.io/v3';
const EDGES = '/edge/v1/projects/:projectId/edges';

/** Every route of the API. What the REST API's of them need is in docs/api.md as well: test/docs/routes.test.ts. */
export const ROUTE_NEEDS: Readonly<Record<string, Need>> = {
  [`POST ${CLUSTERS}`]: 'operator',
  [`GET ${CLUSTERS}`]: 'viewer',
  ['GET /apis/infra.k8smgmt.io/v3/projects/:project/clustersummaries']: 'viewer',
  [`GET ${CLUSTER}`]: 'viewer',
  [`DELETE ${CLUSTER}`]: 'operator',
  [`GET ${CLUSTER}/status`]: 'viewer',
  [`POST ${CLUSTER}/retry`]: 'operator',
  [`POST ${CLUSTER}/cancel`]: 'operator',
  [`POST ${CLUSTER}/sync`]: 'operator',
  [`GET ${CLUSTER}/drift`]: 'viewer',
  [`GET ${CLUSTER}/health`]: 'viewer',
  [`GET ${CLUSTER}/kubeconfig`]: 'operator',
  [`GET ${CLUSTER}/events`]: 'viewer',
  [`GET ${CLUSTER}/nodes`]: 'viewer',
  [`POST ${CLUSTER}/nodes/:hostname/approve`]: 'operator',
  [`POST ${CLUSTER}/nodes/:hostname/accept-host-key`]: 'operator',
  [`POST ${CLUSTER}/nodes/:hostname/dismiss`]: 'operator',
  [`GET ${CLUSTER}/installercmds`]: 'operator',
  [`POST ${CLUSTER}/installercmds`]: 'operator',
  [`DELETE ${CLUSTER}/installercmds`]: 'operator',
  [`GET ${CLUSTER}/tasksets`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id/logs`]: 'viewer',
  [`GET ${CLUSTER}/tasksets/:id/logs/events`]: 'viewer',
  [`GET ${CLUSTER}/snapshots`]: 'viewer',
  [`POST ${CLUSTER}/snapshots`]: 'operator',
  [`DELETE ${CLUSTER}/snapshots/:id`]: 'operator',
  [`POST ${CLUSTER}/restore`]: 'operator',
  [`POST ${CLUSTER}/certificates/renew`]: 'operator',
  [`GET ${BLUEPRINTS}`]: 'viewer',
  [`POST ${BLUEPRINTS}`]: 'operator',
  [`GET ${BLUEPRINTS}/:name`]: 'viewer',
  [`DELETE ${BLUEPRINTS}/:name`]: 'operator',
  [`GET ${BLUEPRINTS}/:name/versions`]: 'viewer',
  [`GET ${BLUEPRINTS}/:name/rollout`]: 'viewer',
  [`GET ${CREDENTIALS}`]: 'viewer',
  [`POST ${CREDENTIALS}`]: 'operator',
  [`GET ${CREDENTIALS}/:name`]: 'viewer',
  [`DELETE ${CREDENTIALS}/:name`]: 'operator',
  [`GET ${WEBHOOKS}`]: 'viewer',
  [`POST ${WEBHOOKS}`]: 'admin',
  [`GET ${WEBHOOKS}/:name`]: 'viewer',
  [`DELETE ${WEBHOOKS}/:name`]: 'admin',
  [`GET ${SYSTEM}/projects`]: 'viewer',
  [`POST ${SYSTEM}/projects`]: 'admin of all',
  [`GET ${SYSTEM}/projects/:project`]: 'viewer',
  [`GET ${SYSTEM}/apikeys`]: 'admin',
  [`POST ${SYSTEM}/apikeys`]: 'admin',
  [`DELETE ${SYSTEM}/apikeys/:id`]: 'admin',
  [`GET ${SYSTEM}/audit`]: 'admin',
  [`POST ${SYSTEM}/secrets/rotate`]: 'admin of all',
  'GET /auth/v1/projects': 'viewer',
  'GET /auth/v1/projects/:projectId': 'viewer',
  [`GET ${EDGES}`]: 'viewer',
  [`GET ${EDGES}/:id`]: 'viewer',
  [`PUT ${EDGES}/:id`]: 'operator',
  'GET /v2/scheduler/project/:projectId/cluster/:name': 'viewer',
  'GET /installer/install.sh': 'token',
  'POST /installer/register': 'token',
  'GET /metrics': 'viewer of all',
  'GET /healthz': 'nothing',
  'GET /readyz': 'nothing',
  'GET /openapi.json': 'nothing',
  'GET /swagger': 'nothing',
  'GET /swagger/start.js': 'nothing',
  'GET /swagger/swagger-ui.css': 'nothing',
  'GET /swagger/swagger-ui-bundle.js': 'nothing',
  'GET /swagger/favicon-32x32.png': 'nothing',
  'GET /': 'nothing',
  'GET /clusters/:project/:name': 'nothing',
  'GET /assets/:file': 'nothing',
  'GET /console/session': 'nothing',
  'POST /console/session': 'console',
  'DELETE /console/session': 'console',
  'GET /console/clusters': 'viewer',
  'GET /console/clusters/events': 'viewer',
  'GET /console/clusters/:project/:name/events': 'viewer',
  'GET /console/clusters/:project/:name/health': 'viewer',
  'GET /console/clusters/:project/:name/spec': 'viewer',
  'GET /console/clusters/:project/:name/tasksets': 'viewer',
  'GET /console/clusters/:project/:name/tasksets/:id': 'viewer',
};
