import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ApiEnv } from '../../env.js';
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
  CREDENTIAL_VIEW_EXAMPLE,
  credentialView,
  credentialViewSchema,
  type CredentialView,
} from '../../schemas/credential.js';
import { projectParam } from '../../schemas/params.js';
import { CREDENTIALS } from './paths.js';

interface CredentialList {
  apiVersion: string;
  kind: 'CredentialList';
  metadata: ListMetadata;
  items: CredentialView[];
}

const credentialListSchema = z
  .object({
    apiVersion: z.string(),
    kind: z.literal('CredentialList'),
    metadata: listMetadataSchema,
    items: z.array(credentialViewSchema),
  })
  .meta({ id: 'CredentialList' });

const route = createRoute({
  method: 'get',
  path: CREDENTIALS,
  operationId: 'listCredentials',
  summary: 'The SSH credentials of the project, by name',
  tags: ['Credentials'],
  middleware: projectAccess('viewer'),
  request: {
    params: projectParam,
    headers: readHeaders,
    query: listQuery({ name: nameFilter() }),
  },
  responses: {
    200: json<CredentialList>(credentialListSchema, 'The credentials, without their keys', {
      ...{ apiVersion: 'infra.k8smgmt.io/v3', kind: 'CredentialList' },
      ...{ metadata: LIST_METADATA_EXAMPLE, items: [CREDENTIAL_VIEW_EXAMPLE] },
    }),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listCredentials(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['credentials', project], z.string());
    const { items, count, more } = await c.var.deps.store.credentials.list(project, {
      ...page,
      ...defined({ name: asked.name }),
    });
    return taggedJson(c, {
      apiVersion: 'infra.k8smgmt.io/v3',
      kind: 'CredentialList' as const,
      metadata: metadata(count, more ? items.at(-1)?.name : undefined),
      items: items.map(credentialView),
    });
  });
}
