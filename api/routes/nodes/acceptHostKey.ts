import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { audit } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { hostKeySchema } from '../../schemas/node.js';
import { nodeParams } from '../../schemas/params.js';
import { hostKeyView, type HostKeyView } from '../../views/nodeView.js';
import { CLUSTER } from '../clusters/paths.js';

const acceptSchema = z
  .strictObject({
    fingerprint: z.string().meta({ example: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA' }),
  })
  .meta({ id: 'AcceptHostKey', description: 'The key that you checked and trust.' });

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/nodes/{hostname}/accept-host-key`,
  operationId: 'acceptHostKey',
  summary: "Trust a machine's changed SSH host key",
  description:
    'A changed key stops all work on the machine until a person says that it is right. The fingerprint is ' +
    "the pending one of `GET …/nodes`; compare it with the machine's own console first. Then `retry`.",
  tags: ['Nodes'],
  middleware: projectAccess('operator'),
  request: {
    params: nodeParams,
    body: documentBody('AcceptHostKey', {
      fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA',
    }),
  },
  responses: {
    200: json<HostKeyView>(hostKeySchema, 'The key that is trusted from now on'),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

export function acceptHostKey(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('AcceptHostKey', acceptSchema);
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { hostKeys } = c.var.deps.store;
    const { fingerprint } = await readBody(c, acceptSchema);
    const cluster = await findCluster(c, of);
    const inSpec = cluster.desired.spec.config.nodes.find((node) => node.hostname === of.hostname);
    if (inSpec?.ssh?.hostKey !== undefined) {
      throw conflict(
        `the host key of ${of.hostname} is pinned by ssh.hostKey of the spec: apply it`,
      );
    }
    const known = await hostKeys.get(cluster.id, of.hostname);
    if (known === undefined) {
      throw new AppError(ErrorCode.NotFound, `no host key of ${of.hostname} was seen yet`);
    }
    if (known.pending === undefined)
      throw conflict(`the host key of ${of.hostname} has not changed`);
    if (known.pending.fingerprint !== fingerprint) {
      throw conflict(`the key that was seen is another one: ${known.pending.fingerprint}`);
    }
    if (!(await hostKeys.accept(cluster.id, of.hostname))) {
      throw conflict(`the host key of ${of.hostname} was accepted meanwhile`);
    }
    await audit(c, {
      action: 'node.accept-host-key',
      project: of.project,
      resource: `clusters/${of.name}/nodes/${of.hostname}`,
      summary: fingerprint,
    });
    const now = (await hostKeys.get(cluster.id, of.hostname)) ?? known;
    return c.json(hostKeyView(now), 200);
  });
}

function conflict(message: string): AppError {
  return new AppError(ErrorCode.Conflict, message);
}
