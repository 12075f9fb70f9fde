import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { AuditAction } from '../../../core/auditActions.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord } from '../../../core/records.js';
import { audit } from '../../audit.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { findCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { installCommand, UNDO_COMMAND, unreachableUrl } from '../../installer/installScript.js';
import {
  createInstallToken,
  currentInstallToken,
  type InstallToken,
} from '../../installer/installToken.js';
import { platformKey } from '../../installer/platformKey.js';
import { projectAccess } from '../../middleware/access.js';
import { clusterParams } from '../../schemas/params.js';
import { CLUSTER } from '../clusters/paths.js';

const PATH = `${CLUSTER}/installercmds` as const;
const ARCHITECTURES = ['amd64', 'arm64'] as const;

interface InstallerCmds {
  installerCmds: {
    arch: (typeof ARCHITECTURES)[number];
    osFamily: 'linux';
    command: string;
    undoCommand: string;
  }[];
  expiresAt: string;
  warning?: string;
}

const schema = z
  .object({
    installerCmds: z.array(
      z.object({
        arch: z.enum(ARCHITECTURES),
        osFamily: z.literal('linux'),
        command: z.string().meta({ description: 'Run it on the machine; it asks sudo for root.' }),
        undoCommand: z.string().meta({ example: UNDO_COMMAND }),
      }),
    ),
    expiresAt: z.string().meta({ example: '2027-11-23T12:00:00.000Z' }),
    warning: z.string().optional().meta({
      description: 'Only where the command cannot work: PLINTH_URL is this computer’s own.',
    }),
  })
  .meta({ id: 'InstallerCommands' });

const EXAMPLE = {
  installerCmds: ARCHITECTURES.map((arch) => ({
    ...{ arch, osFamily: 'linux', undoCommand: UNDO_COMMAND },
    command: `(t=plinthi_…; f=$(mktemp) && … && echo "$t" | sudo sh "$f" --url 'https://plinth.example.com' --key 'ssh-ed25519 …')`,
  })),
  expiresAt: '2027-11-24T08:23:38.051Z',
};

const common = {
  path: PATH,
  tags: ['Installer'],
  middleware: projectAccess('operator'),
  request: { params: clusterParams },
};

const getRoute = createRoute({
  ...common,
  method: 'get',
  operationId: 'getInstallerCommands',
  summary: 'The command that brings a machine into the cluster',
  description:
    'For nodes of the spec without `ssh`: run on the machine, it makes a login for the platform’s key and registers ' +
    'it. The token in it is for this cluster alone and good for `installerTtl` days; the same command is shown ' +
    'until it expires or is revoked. For operators: it lets machines in.',
  responses: {
    200: json<InstallerCmds>(schema, 'One command for each architecture', EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

const postRoute = createRoute({
  ...common,
  method: 'post',
  operationId: 'createInstallerCommands',
  summary: 'A new command, with a token of its own',
  description: 'Commands from before stay good until they expire or are revoked.',
  responses: {
    200: json<InstallerCmds>(schema, 'One command for each architecture', EXAMPLE),
    ...errors(401, 403, 404, 409),
  },
});

const deleteRoute = createRoute({
  ...common,
  method: 'delete',
  operationId: 'revokeInstallerCommands',
  summary: 'Revoke every command of the cluster',
  description:
    'Machines that registered stay; nobody registers any more until a new command is made.',
  responses: { 204: { description: 'They are revoked' }, ...errors(401, 403, 404) },
});

export function installerCommands(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(getRoute, async (c) => {
    const cluster = await livingCluster(c, c.req.valid('param'));
    const current = await currentInstallToken(c.var.deps, cluster);
    if (current === undefined) return c.json(await created(c, cluster), 200, NO_STORE);
    await note(c, cluster, 'installercmds.read', current);
    return c.json(await commands(c, current), 200, NO_STORE);
  });
  app.openapi(postRoute, async (c) => {
    const cluster = await livingCluster(c, c.req.valid('param'));
    return c.json(await created(c, cluster), 200, NO_STORE);
  });
  app.openapi(deleteRoute, async (c) => {
    const cluster = await findCluster(c, c.req.valid('param'));
    const count = await c.var.deps.store.installTokens.revokeAll(cluster.id);
    await audit(c, {
      action: 'installercmds.revoke',
      project: cluster.project,
      resource: `clusters/${cluster.name}`,
      summary: `${count} revoked`,
    });
    return c.body(null, 204);
  });
}

const NO_STORE = { 'cache-control': 'no-store' };

async function livingCluster(
  c: ApiContext,
  of: { project: string; name: string },
): Promise<ClusterRecord> {
  const cluster = await findCluster(c, of);
  if (!cluster.deleting) return cluster;
  throw new AppError(ErrorCode.Conflict, `cluster ${of.name} is being deleted`);
}

async function created(c: ApiContext, cluster: ClusterRecord): Promise<InstallerCmds> {
  const token = await createInstallToken(c.var.deps, cluster);
  await note(c, cluster, 'installercmds.create', token);
  return commands(c, token);
}

async function note(
  c: ApiContext,
  { project, name }: ClusterRecord,
  action: AuditAction,
  { record }: InstallToken,
): Promise<void> {
  const summary = `token ${record.id}, good until ${record.expiresAt}`;
  await audit(c, { action, project, resource: `clusters/${name}`, summary });
}

async function commands(c: ApiContext, { token, record }: InstallToken): Promise<InstallerCmds> {
  const { publicKey } = await platformKey(c.var.deps);
  const { url } = c.var.deps.config;
  const command = installCommand({ url, token, publicKey });
  const warning = unreachableUrl(url);
  return {
    // The script finds out by itself what it runs on: clients look for their own architecture.
    installerCmds: ARCHITECTURES.map((arch) => ({
      ...{ arch, osFamily: 'linux', command, undoCommand: UNDO_COMMAND },
    })),
    expiresAt: record.expiresAt,
    ...(warning === undefined ? {} : { warning }),
  };
}
