import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from './env.js';
import { documentCommon } from './http/documentCommon.js';

const DESCRIPTION = `Turns your own Linux machines into upstream Kubernetes clusters and keeps them that way.

One verb does it all: POST a Cluster. It answers when the change is recorded; \`GET …/status\` (or \`…/events\`)
tells how it goes. Bodies are JSON or YAML; \`Accept: application/yaml\` gives YAML answers. A slash at the end
of a path makes no difference. Every error is an \`APIError\` with all problems in \`details\`.`;

const TAGS = [
  { name: 'Clusters', description: 'Apply, read, watch, delete' },
  { name: 'Nodes', description: 'The machines of a cluster' },
  { name: 'Installer', description: 'Machines that come by a command of their own' },
  { name: 'Tasksets', description: 'What was done, step by step, and what it said' },
  { name: 'Snapshots', description: 'Of etcd: taken, kept, restored' },
  { name: 'Blueprints', description: 'What a cluster holds from its first day on' },
  { name: 'Projects', description: 'Clusters and keys are in projects' },
  { name: 'API keys', description: 'Who may do what' },
  { name: 'Audit', description: 'Who did what' },
  { name: 'v1', description: 'What clients of the V3 API look up along the way' },
  { name: 'Webhooks', description: 'Are told when a taskset ends' },
  { name: 'Metrics', description: 'For Prometheus' },
  { name: 'Health', description: 'Without a key' },
];

/** The OpenAPI 3.1 document of all routes that are registered. */
export function openApiDocument(app: OpenAPIHono<ApiEnv>, version: string): object {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'apiKey', {
    ...{ type: 'apiKey', in: 'header', name: 'X-API-KEY' },
    description: '`X-RAFAY-API-KEYID` is read as well',
  });
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'installerToken', {
    ...{ type: 'http', scheme: 'bearer' },
    description: 'The token in an installer command. Any that is not good gets 404.',
  });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'plinth',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    security: [{ apiKey: [] }, { bearer: [] }],
  });
  return documentCommon(document);
}
