import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { AuditRecord } from '../../../store/types.js';
import { mayEnter } from '../../auth/principal.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { errors, json, pageQuery } from '../../http/describe.js';
import { keyAccess } from '../../middleware/access.js';

const auditRecordSchema = z
  .object({
    at: z.string(),
    actor: z.string().meta({ description: "The key's name and id." }),
    action: z.string().meta({ example: 'cluster.apply' }),
    project: z.string().optional(),
    resource: z.string().meta({ example: 'clusters/demo-cluster' }),
    summary: z.string(),
    tasksetId: z.string().optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'AuditRecord' });

const route = createRoute({
  method: 'get',
  path: '/apis/system.k8smgmt.io/v3/audit',
  operationId: 'listAudit',
  summary: 'Who changed what, newest first',
  tags: ['Audit'],
  middleware: keyAccess('admin'),
  request: { query: pageQuery.extend({ project: z.string().optional() }) },
  responses: {
    200: json<{ metadata: { count: number }; items: AuditRecord[] }>(
      z
        .object({
          metadata: z.object({ count: z.int(), limit: z.int(), offset: z.int() }),
          items: z.array(auditRecordSchema),
        })
        .meta({ id: 'AuditList' }),
      'The records',
    ),
    ...errors(400, 401, 403),
  },
});

export function listAudit(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project: asked, limit, offset } = c.req.valid('query');
    const principal = principalOf(c);
    const project = asked ?? principal.project;
    if (project !== undefined && !mayEnter(principal, project)) {
      throw new AppError(
        ErrorCode.Forbidden,
        `the key ${principal.name} is not for project ${project}`,
      );
    }
    const { items, count } = await c.var.deps.store.audit.list({
      ...{ limit, offset },
      ...(project === undefined ? {} : { project }),
    });
    return c.json({ metadata: { count, limit, offset }, items }, 200);
  });
}
