import { isIP } from 'node:net';

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { operatingSystemOf } from '../../../core/operatingSystems.js';
import { hostKeyText, hostnameText, usernameText } from '../../../core/spec/formats.js';
import { auditAs } from '../../audit.js';
import type { ApiEnv } from '../../env.js';
import { documentBody, errors, json } from '../../http/describe.js';
import { readBody } from '../../http/readDocument.js';
import { registerMachine } from '../../installer/registerMachine.js';
import { notifyWorkflow } from '../../notifyWorkflow.js';
import { machineAccess } from './machineAccess.js';

const address = z
  .string()
  .refine((text) => isIP(text) !== 0, { error: 'is not an IP address' })
  .meta({ example: '10.0.0.93' });

const releaseText = z.string().regex(/^[a-z0-9._-]{0,40}$/, { error: 'is not of an os-release' });

/** What a machine tells about itself. */
export const machineSchema = z
  .strictObject({
    hostname: hostnameText.meta({ example: 'ap-node1' }),
    address: address.meta({ description: "The machine's own address on the way to plinth." }),
    addresses: z.array(address).max(100),
    username: usernameText.meta({ example: 'plinth' }),
    port: z.int().min(1).max(65_535).meta({ example: 22 }),
    osRelease: z
      .strictObject({ id: releaseText, versionId: releaseText })
      .meta({ description: 'ID and VERSION_ID of /etc/os-release.' }),
    arch: z.enum(['amd64', 'arm64']),
    hostKeys: z.array(hostKeyText).min(1).max(20),
  })
  .meta({ id: 'MachineRegistration' });

const EXAMPLE = {
  hostname: 'ap-node1',
  address: '10.0.0.93',
  addresses: ['10.0.0.93'],
  username: 'plinth',
  port: 22,
  osRelease: { id: 'debian', versionId: '12' },
  arch: 'amd64',
  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHLuG9Go6ZzPiDXYxAEfZQZmAUC2sqgYVxpM6lXTqMl'],
};

const route = createRoute({
  method: 'post',
  path: '/installer/register',
  operationId: 'registerMachine',
  summary: 'A machine tells about itself, with the token of the installer command',
  tags: ['Installer'],
  security: [{ installerToken: [] }],
  request: { body: documentBody('MachineRegistration', EXAMPLE) },
  responses: {
    200: json<{ hostname: string; approved: boolean }>(
      z.object({ hostname: z.string(), approved: z.boolean() }).meta({ id: 'MachineRegistered' }),
      'It is registered',
      { hostname: 'ap-node1', approved: false },
    ),
    ...errors(400, 404, 409, 413, 415),
  },
});

export function registerRoute(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.register('MachineRegistration', machineSchema);
  app.openapi(route, async (c) => {
    // Before the body: without a token there is nothing to learn here.
    const { cluster, tokenId } = await machineAccess(c);
    const { osRelease, ...rest } = await readBody(c, machineSchema);
    const operatingSystem = operatingSystemOf(osRelease.id, osRelease.versionId).word;
    const machine = { ...rest, operatingSystem };
    const registered = await registerMachine(c.var.deps, cluster, machine);
    const { hostname, approvedBy } = registered;
    await auditAs(c, `installer token ${tokenId}`, {
      action: 'node.register',
      project: cluster.project,
      resource: `clusters/${cluster.name}/nodes/${hostname}`,
      summary:
        `${machine.address}, ${machine.operatingSystem}, ${machine.arch}` +
        (approvedBy === undefined ? '' : `; approved by ${approvedBy}`),
    });
    await notifyWorkflow(c, cluster);
    return c.json({ hostname, approved: approvedBy !== undefined }, 200);
  });
}
