import { HOST_KEY_EXAMPLE } from '../../schemas/nodeExample.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord } from '../../../core/records.js';
import { bastionPin } from '../../../core/sshEndpoint.js';
import { audit } from '../../audit.js';
import type { ApiDeps } from '../../deps.js';
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
    "the pending one of `GET …/nodes`, the node's own or its bastion's; compare it with the machine's own console " +
    'first. Then `retry`.',
  tags: ['Nodes'],
  middleware: projectAccess('operator'),
  request: {
    params: nodeParams,
    body: documentBody('AcceptHostKey', {
      fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA',
    }),
  },
  responses: {
    200: json<HostKeyView>(hostKeySchema, 'The key that is trusted from now on', HOST_KEY_EXAMPLE),
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
    const { of: pinnedAs, whose } = await hostKeyOf(c.var.deps, cluster, of.hostname, fingerprint);
    const known = await hostKeys.get(cluster.id, pinnedAs);
    if (known === undefined) {
      throw new AppError(ErrorCode.NotFound, `no host key of ${whose} was seen yet`);
    }
    if (known.pending === undefined) throw conflict(`the host key of ${whose} has not changed`);
    if (known.pending.fingerprint !== fingerprint) {
      throw conflict(`the key that was seen is another one: ${known.pending.fingerprint}`);
    }
    if (!(await hostKeys.accept(cluster.id, pinnedAs))) {
      throw conflict(`the host key of ${whose} was accepted meanwhile`);
    }
    await audit(c, {
      action: 'node.accept-host-key',
      project: of.project,
      resource: `clusters/${of.name}/nodes/${of.hostname}`,
      summary: pinnedAs === of.hostname ? fingerprint : `${whose}: ${fingerprint}`,
    });
    const now = (await hostKeys.get(cluster.id, pinnedAs)) ?? known;
    return c.json(hostKeyView(now), 200);
  });
}

/**
 * Which of a node's two host keys a fingerprint is about: its bastion's, where that is the one that waits, else the
 * machine's own.
 * @throws AppError Conflict where the spec or a credential pins it: it changes where it is written.
 */
async function hostKeyOf(
  { store }: ApiDeps,
  { id, project, desired: { spec } }: ClusterRecord,
  hostname: string,
  fingerprint: string,
): Promise<{ of: string; whose: string }> {
  const node = spec.config.nodes.find((one) => one.hostname === hostname);
  const ssh = { ...spec.config.ssh, ...node?.ssh };
  const pinnedBy = async (hostKey: string | undefined, credential: string | undefined) => {
    if (hostKey !== undefined) return 'ssh.hostKey of the spec: apply it';
    if (credential === undefined) return undefined;
    const record = await store.credentials.get(project, credential);
    return record?.hostKey === undefined ? undefined : `credential ${credential}: change it there`;
  };
  const { bastion } = ssh;
  if (bastion !== undefined) {
    const of = bastionPin(bastion);
    const whose = `the bastion ${bastion.ipAddress} of ${hostname}`;
    if ((await store.hostKeys.get(id, of))?.pending?.fingerprint === fingerprint) {
      const by = await pinnedBy(bastion.hostKey, bastion.cloudCredentials);
      if (by !== undefined) throw conflict(`the host key of ${whose} is pinned by ${by}`);
      return { of, whose };
    }
  }
  const byKeyPath = ssh.privateKeyPath !== undefined;
  const by = await pinnedBy(ssh.hostKey, byKeyPath ? undefined : spec.cloudCredentials);
  if (by !== undefined) throw conflict(`the host key of ${hostname} is pinned by ${by}`);
  return { of: hostname, whose: hostname };
}

function conflict(message: string): AppError {
  return new AppError(ErrorCode.Conflict, message);
}
