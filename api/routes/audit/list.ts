import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { AuditRecord } from '../../../store/auditStore.js';
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
import { keyAccess } from '../../middleware/access.js';
import { visibleProject } from '../../visibleProject.js';

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

const query = listQuery({
  project: z.string().min(1).optional().meta({ description: 'Only what was done in this project' }),
  resource: nameFilter('Of this resource; `clusters/*`: of all clusters'),
  action: z.string().min(1).optional().meta({ description: 'Only this', example: 'cluster.apply' }),
});

const order = z.object({ at: z.string(), id: z.string().regex(/^[0-9a-f]{24}$/) });

const EXAMPLE = {
  ...{ at: '2026-11-24T08:23:38.071000Z', actor: 'terraform (0b5c7f2e)' },
  ...{ action: 'cluster.create', project: 'defaultproject', resource: 'clusters/demo-cluster' },
  ...{ summary: 'generation 1', requestId: '7d9b1c52-3f0a-4f6e-8f57-0c2f8f6f4c11' },
};

const route = createRoute({
  method: 'get',
  path: '/apis/system.k8smgmt.io/v3/audit',
  operationId: 'listAudit',
  summary: 'Who changed what, newest first',
  tags: ['Audit'],
  middleware: keyAccess('admin'),
  request: { headers: readHeaders, query },
  responses: {
    200: json<{ metadata: ListMetadata; items: AuditRecord[] }>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(auditRecordSchema) })
        .meta({ id: 'AuditList' }),
      'The records',
      { metadata: LIST_METADATA_EXAMPLE, items: [EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403),
  },
});

export function listAudit(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['audit'], order);
    const { resource, action } = asked;
    const project = visibleProject(principalOf(c), asked.project);
    const { items, count, more, last } = await c.var.deps.store.audit.list({
      ...page,
      ...defined({ project, resource, action }),
    });
    return taggedJson(c, { metadata: metadata(count, more ? last : undefined), items });
  });
}
