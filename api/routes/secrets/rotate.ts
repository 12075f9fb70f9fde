import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { Rewritten } from '../../../store/secretStore.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { globalAccess } from '../../middleware/access.js';

/** About a tenth of a second's work. */
const PAGE = 500;

const requestSchema = z
  .strictObject({
    after: z.string().max(1024).optional().meta({
      description: '`next` of the answer before. Left out: from the beginning.',
    }),
    limit: z.int().min(1).max(5000).optional(),
  })
  .meta({ id: 'RotateSecrets', description: 'Which of the sealed values to look at.' });

const answerSchema = z
  .object({
    keyId: z
      .string()
      .meta({ description: 'Of the master key that everything is sealed with now.' }),
    checked: z.int(),
    changed: z.int().meta({ description: 'Were under an older key.' }),
    failed: z
      .array(z.object({ owner: z.string(), name: z.string(), message: z.string() }))
      .meta({ description: 'Do not open under any key that was given. They stay as they are.' }),
    next: z.string().optional().meta({ description: 'Where to go on; left out: all is done.' }),
  })
  .meta({ id: 'RotatedSecrets' });

const route = createRoute({
  method: 'post',
  path: '/apis/system.k8smgmt.io/v3/secrets/rotate',
  operationId: 'rotateSecrets',
  summary: 'Encrypt what is stored with the newest master key',
  description:
    'A page at a time, which `plinth rotate-secrets` does to the end. What is under the newest key already is left ' +
    'as it is, so that it can be cut short and begun anew.',
  tags: ['Secrets'],
  middleware: globalAccess('admin'),
  request: { body: documentBody('RotateSecrets', {}) },
  responses: {
    200: json<Rewritten & { keyId: string }>(answerSchema, 'What was found on this page', {
      ...{ keyId: 'k2f41c', checked: 12, changed: 12, failed: [] },
    }),
    ...errors(400, 401, 403, 413, 415),
  },
});

export function rotateSecretsRoute(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('RotateSecrets', requestSchema);
  app.openapi(route, async (c) => {
    const { store, vault } = c.var.deps;
    const { after, limit = PAGE } = await readBody(c, requestSchema);
    const page = { limit, ...(after === undefined ? {} : { after }) };
    const result = await store.secrets.rewrite(
      (owner, sealed) => vault.reseal(owner, sealed),
      page,
    );
    if (result.changed > 0 || result.failed.length > 0) {
      await audit(c, {
        action: 'secrets.rotate',
        resource: 'secrets',
        summary: `${String(result.changed)} of ${String(result.checked)} under key ${vault.keyId}, ${String(result.failed.length)} failed`,
      });
    }
    return c.json({ keyId: vault.keyId, ...result }, 200);
  });
}
