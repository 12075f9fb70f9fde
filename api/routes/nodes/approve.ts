import { APPROVED_NODE_EXAMPLE } from '../../schemas/nodeExample.js';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { comesByInstaller } from '../../../core/registration.js';
import { NodeStatus } from '../../../core/words.js';
import { audit } from '../../audit.js';
import { principalOf, type ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { nodeViewSchema } from '../../schemas/node.js';
import { nodeParams } from '../../schemas/params.js';
import { nodeViews, type NodeView } from '../../views/nodeView.js';
import { CLUSTER } from '../clusters/paths.js';

const route = createRoute({
  method: 'post',
  path: `${CLUSTER}/nodes/{hostname}/approve`,
  operationId: 'approveNode',
  summary: 'Let a registered machine in',
  description:
    'For nodes that came by the installer command and are DISCOVERED: compare what `GET …/nodes` shows of the ' +
    'machine first. Approving again changes nothing; 409 while the machine has not registered.',
  tags: ['Nodes'],
  middleware: projectAccess('operator'),
  request: { params: nodeParams },
  responses: {
    200: json<NodeView>(nodeViewSchema, 'The node, approved', APPROVED_NODE_EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

export function approveNode(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { store } = c.var.deps;
    const cluster = await findCluster(c, of);
    const { spec } = cluster.desired;
    const wanted = spec.config.nodes.find((node) => node.hostname === of.hostname);
    if (wanted === undefined) {
      throw new AppError(
        ErrorCode.NotFound,
        `cluster ${of.name} has no node ${of.hostname} in its spec`,
      );
    }
    if (!comesByInstaller(spec, wanted)) {
      throw conflict(`${of.hostname} needs no approval: its key is in the spec`);
    }
    const registration = await store.registrations.get(cluster.id, of.hostname);
    if (registration === undefined) {
      throw conflict(
        `${of.hostname} has not registered yet: run the command of GET …/installercmds on it`,
      );
    }
    const { name, keyId } = principalOf(c);
    if (await store.registrations.approve(cluster.id, of.hostname, `${name} (${keyId})`)) {
      await store.nodes.setStatus(cluster.id, of.hostname, NodeStatus.Approved);
      await audit(c, {
        action: 'node.approve',
        project: of.project,
        resource: `clusters/${of.name}/nodes/${of.hostname}`,
        summary: `${registration.address}, ${registration.operatingSystem}, ${registration.arch}`,
        asks: cluster,
      });
    }
    await notifyWorkflow(c, of);
    const [nodes, hostKeys, registrations] = await Promise.all([
      store.nodes.list(cluster.id, [of.hostname]),
      store.hostKeys.list(cluster.id, [of.hostname]),
      store.registrations.list(cluster.id),
    ]);
    const [view] = nodeViews(cluster, [of.hostname], { nodes, hostKeys, registrations });
    if (view === undefined) throw new AppError(ErrorCode.NotFound, `${of.hostname} is gone`);
    return c.json(view, 200);
  });
}

function conflict(message: string): AppError {
  return new AppError(ErrorCode.Conflict, message);
}
