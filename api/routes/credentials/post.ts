import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { credentialSchema } from '../../../core/spec/schema/credential.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readDocument } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { putCredential } from '../../putCredential.js';
import {
  CREDENTIAL_EXAMPLE,
  CREDENTIAL_VIEW_EXAMPLE,
  credentialView,
  credentialViewSchema,
  type CredentialView,
} from '../../schemas/credential.js';
import { projectParam } from '../../schemas/params.js';
import { CREDENTIALS } from './paths.js';

const route = createRoute({
  method: 'post',
  path: CREDENTIALS,
  operationId: 'applyCredential',
  summary: 'Upload an SSH credential, or change it',
  description:
    'The key is checked, encrypted and never answered. A changed one is used by the next connection to each ' +
    'machine. Left out of a change, key and passphrase stay.',
  tags: ['Credentials'],
  middleware: projectAccess('operator'),
  request: { params: projectParam, body: documentBody('Credential', CREDENTIAL_EXAMPLE) },
  responses: {
    200: json<CredentialView>(
      credentialViewSchema,
      'The credential, without its key',
      CREDENTIAL_VIEW_EXAMPLE,
    ),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

export function postCredential(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('Credential', credentialSchema);
  app.openapi(route, async (c) => {
    const { project } = c.req.valid('param');
    const raw = await readDocument(c);
    const { record, created } = await putCredential(c.var.deps, project, raw);
    await audit(c, {
      action: created ? 'credential.create' : 'credential.update',
      project,
      resource: `credentials/${record.name}`,
      summary: `${record.keyType} ${record.fingerprint}`,
    });
    return c.json(credentialView(record), 200);
  });
}
