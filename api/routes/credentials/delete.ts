import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { credentialOwner } from '../../../core/sshSecrets.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { credentialParams } from '../../schemas/params.js';
import { CREDENTIAL } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: CREDENTIAL,
  operationId: 'deleteCredential',
  summary: 'Delete an SSH credential that no cluster uses',
  tags: ['Credentials'],
  middleware: projectAccess('operator'),
  request: { params: credentialParams },
  responses: {
    200: { description: 'It is gone, and its key. The body is empty' },
    ...errors(401, 403, 404, 409),
  },
});

export function deleteCredential(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    const { credentials, secrets } = c.var.deps.store;
    const { removed, usedBy } = await credentials.remove(project, name);
    if (usedBy.length > 0) {
      throw new AppError(
        ErrorCode.Conflict,
        `credential ${name} is used by ${usedBy.length === 1 ? 'cluster' : 'clusters'} ${usedBy.join(', ')}: apply ${usedBy.length === 1 ? 'it' : 'them'} with another one first`,
      );
    }
    if (!removed) {
      throw new AppError(
        ErrorCode.NotFound,
        `there is no credential ${name} in project ${project}`,
      );
    }
    await secrets.remove(credentialOwner(project, name));
    await audit(c, {
      action: 'credential.delete',
      project,
      resource: `credentials/${name}`,
      summary: `credential ${name}`,
    });
    return c.body(null, 200);
  });
}
