import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { hasRole } from '../../auth/principal.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { webhookParams } from '../../schemas/params.js';
import {
  WEBHOOK_VIEW_EXAMPLE,
  webhookView,
  webhookViewSchema,
  type WebhookView,
} from '../../schemas/webhook.js';
import { CHANGES_WEBHOOKS, WEBHOOK } from './paths.js';

const route = createRoute({
  method: 'get',
  path: WEBHOOK,
  operationId: 'getWebhook',
  summary: 'A webhook, without its secret, and what became of its newest deliveries',
  tags: ['Webhooks'],
  middleware: projectAccess('viewer'),
  request: { params: webhookParams },
  responses: {
    200: json<WebhookView>(webhookViewSchema, 'The webhook', WEBHOOK_VIEW_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function getWebhook(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const { webhooks } = c.var.deps.store;
    const [record, deliveries] = await Promise.all([
      webhooks.get(project, name),
      webhooks.deliveries(project, name),
    ]);
    if (record === undefined) {
      throw new AppError(ErrorCode.NotFound, `there is no webhook ${name} in project ${project}`);
    }
    const whole = hasRole(principalOf(c), CHANGES_WEBHOOKS);
    return c.json(webhookView(record, { whole, deliveries }), 200);
  });
}
