import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { webhookOwner } from '../../../core/webhooks.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { webhookParams } from '../../schemas/params.js';
import { CHANGES_WEBHOOKS, WEBHOOK } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: WEBHOOK,
  operationId: 'deleteWebhook',
  summary: 'Delete a webhook: what it has not been told, it will not be',
  tags: ['Webhooks'],
  middleware: projectAccess(CHANGES_WEBHOOKS),
  request: { params: webhookParams },
  responses: {
    200: { description: 'It is gone, with its secret. The body is empty' },
    ...errors(401, 403, 404),
  },
});

export function deleteWebhook(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const { webhooks, secrets } = c.var.deps.store;
    const gone = `there is no webhook ${name} in project ${project}`;
    if ((await webhooks.get(project, name)) === undefined) {
      throw new AppError(ErrorCode.NotFound, gone);
    }
    // First: what dies in between leaves a webhook that is told nothing, and can be deleted again.
    await secrets.remove(webhookOwner(project, name));
    if (!(await webhooks.remove(project, name))) throw new AppError(ErrorCode.NotFound, gone);
    await audit(c, {
      action: 'webhook.delete',
      project,
      resource: `webhooks/${name}`,
      summary: `webhook ${name}`,
    });
    return c.body(null, 200);
  });
}
