import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { audit } from '../../audit.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { errors } from '../../http/describe.js';
import { keyAccess } from '../../middleware/access.js';
import { API_KEYS } from './paths.js';

const route = createRoute({
  method: 'delete',
  path: `${API_KEYS}/{id}`,
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key, at once',
  tags: ['API keys'],
  middleware: keyAccess('admin'),
  request: { params: z.object({ id: z.string().meta({ description: "The key's id" }) }) },
  responses: {
    200: { description: 'It opens nothing any more. The body is empty' },
    ...errors(401, 403, 404),
  },
});

export function revokeApiKey(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const { apiKeys } = c.var.deps.store;
    const { project } = principalOf(c);
    const record = await apiKeys.get(id);
    const visible = record !== undefined && (project === undefined || record.project === project);
    if (!visible || !(await apiKeys.revoke(id))) {
      throw new AppError(
        ErrorCode.NotFound,
        'there is no API key of this id that could be revoked',
      );
    }
    await audit(c, {
      action: 'apikey.revoke',
      ...(record.project === undefined ? {} : { project: record.project }),
      resource: `apikeys/${id}`,
      summary: record.name,
    });
    return c.body(null, 200);
  });
}
