import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode, type Problem } from '../../../core/errors.js';
import { WEBHOOK_SECRET, webhookOwner } from '../../../core/webhooks.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { projectParam } from '../../schemas/params.js';
import {
  eventsOf,
  WEBHOOK_EXAMPLE,
  WEBHOOK_VIEW_EXAMPLE,
  webhookSchema,
  webhookView,
  webhookViewSchema,
  type WebhookView,
} from '../../schemas/webhook.js';
import { CHANGES_WEBHOOKS, WEBHOOKS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: WEBHOOKS,
  operationId: 'applyWebhook',
  summary: 'Make a webhook, or change it',
  description:
    'It is told when a taskset of the project ends: a signed POST, tried again for a day until it is answered ' +
    'with 2xx. Addresses of private networks are allowed, link-local ones are not; redirects are not followed.',
  tags: ['Webhooks'],
  middleware: projectAccess(CHANGES_WEBHOOKS),
  request: { params: projectParam, body: documentBody('Webhook', WEBHOOK_EXAMPLE) },
  responses: {
    200: json<WebhookView>(
      webhookViewSchema,
      'The webhook, without its secret',
      WEBHOOK_VIEW_EXAMPLE,
    ),
    ...errors(400, 401, 403, 404, 413, 415),
  },
});

export function postWebhook(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Webhook', webhookSchema);
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const { metadata, spec } = await readBody(c, webhookSchema);
    const { store, vault } = c.var.deps;
    const { name, description } = metadata;
    const owner = webhookOwner(project, name);
    const [existing, sealed] = await Promise.all([
      store.webhooks.get(project, name),
      store.secrets.get(owner, WEBHOOK_SECRET),
    ]);
    const problems: Problem[] = [];
    if (metadata.project !== undefined && metadata.project !== project) {
      const message = `is ${JSON.stringify(metadata.project)}, but the URL says ${JSON.stringify(project)}`;
      problems.push({ path: 'metadata.project', message });
    }
    if (spec.signingSecret === undefined && (existing === undefined || sealed === undefined)) {
      const message = 'is missing: a new webhook needs one';
      problems.push({ path: 'spec.signingSecret', message });
    }
    if (problems.length > 0) {
      throw new AppError(ErrorCode.InvalidRequest, 'the webhook is not valid', { problems });
    }
    // Before the record: it may be told something as soon as that is there.
    if (spec.signingSecret !== undefined) {
      await store.secrets.put(owner, WEBHOOK_SECRET, vault.seal(owner, spec.signingSecret));
    }
    const record = await store.webhooks.put({
      ...{ project, name, url: spec.url, events: eventsOf(spec.events) },
      ...(description === undefined ? {} : { description }),
    });
    await audit(c, {
      action: existing === undefined ? 'webhook.create' : 'webhook.update',
      project,
      resource: `webhooks/${name}`,
      summary: `${record.events.join(', ')} to ${new URL(record.url).host}`,
    });
    const deliveries = await store.webhooks.deliveries(project, name);
    return c.json(webhookView(record, { whole: true, deliveries }), 200);
  });
}
