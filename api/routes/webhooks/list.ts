import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { hasRole } from '../../auth/principal.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { taggedJson } from '../../http/entityTag.js';
import {
  listMetadataSchema,
  listQuery,
  nameFilter,
  pageOf,
  type ListMetadata,
} from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import {
  WEBHOOK_VIEW_EXAMPLE,
  webhookView,
  webhookViewSchema,
  type WebhookView,
} from '../../schemas/webhook.js';
import { projectParam } from '../../schemas/params.js';
import { CHANGES_WEBHOOKS, WEBHOOKS } from './paths.js';

interface WebhookList {
  apiVersion: string;
  kind: 'WebhookList';
  metadata: ListMetadata;
  items: WebhookView[];
}

const webhookListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('WebhookList'),
    metadata: listMetadataSchema,
    items: z.array(webhookViewSchema),
  })
  .meta({ id: 'WebhookList' });

const route = createRoute({
  method: 'get',
  path: WEBHOOKS,
  operationId: 'listWebhooks',
  summary: 'The webhooks of the project, by name',
  tags: ['Webhooks'],
  middleware: projectAccess('viewer'),
  request: {
    params: projectParam,
    headers: readHeaders,
    query: listQuery({ name: nameFilter() }),
  },
  responses: {
    200: json<WebhookList>(webhookListSchema, 'The webhooks, without their secrets', {
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'WebhookList' },
      ...{ metadata: LIST_METADATA_EXAMPLE, items: [WEBHOOK_VIEW_EXAMPLE] },
    }),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listWebhooks(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['webhooks', project], z.string());
    const whole = hasRole(principalOf(c), CHANGES_WEBHOOKS);
    const { items, count, more } = await c.var.deps.store.webhooks.list(project, {
      ...page,
      ...defined({ name: asked.name }),
    });
    return taggedJson(c, {
      apiVersion: 'infra.k8smgmt.io/v3',
      kind: 'WebhookList' as const,
      metadata: metadata(count, more ? items.at(-1)?.name : undefined),
      items: items.map((record) => webhookView(record, { whole })),
    });
  });
}
