import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ApiEnv } from '../../env.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import {
  CREDENTIAL_VIEW_EXAMPLE,
  credentialView,
  credentialViewSchema,
  type CredentialView,
} from '../../schemas/credential.js';
import { credentialParams } from '../../schemas/params.js';
import { CREDENTIAL } from './paths.js';

const route = createRoute({
  method: 'get',
  path: CREDENTIAL,
  operationId: 'getCredential',
  summary: 'An SSH credential, without its key',
  tags: ['Credentials'],
  middleware: projectAccess('viewer'),
  request: { params: credentialParams },
  responses: {
    200: json<CredentialView>(credentialViewSchema, 'The credential', CREDENTIAL_VIEW_EXAMPLE),
    ...errors(401, 403, 404),
  },
});

export function getCredential(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const record = await c.var.deps.store.credentials.get(project, name);
    if (record === undefined) {
      throw new AppError(
        ErrorCode.NotFound,
        `there is no credential ${name} in project ${project}`,
      );
    }
    return c.json(credentialView(record), 200);
  });
}
