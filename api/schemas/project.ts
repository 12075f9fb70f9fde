import { z } from '@hono/zod-openapi';

export const SYSTEM_API_VERSION = 'system.k8smgmt.io/v3';

/** A project as the V3 API writes it. */
export interface ProjectView {
  apiVersion: string;
  kind: 'Project';
  metadata: { name: string; description: string; modifiedAt: string };
  spec: { default: boolean };
  status: { id: string; createdAt: string };
}

export const projectViewSchema = z
  .object({
    apiVersion: z.literal(SYSTEM_API_VERSION),
    kind: z.literal('Project'),
    metadata: z.object({ name: z.string(), description: z.string(), modifiedAt: z.string() }),
    spec: z.object({ default: z.boolean() }),
    status: z.object({ id: z.string(), createdAt: z.string() }),
  })
  .meta({ id: 'ProjectView' });

/** A label of a host name, because it becomes part of one in workflow ids and file names. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const projectSchema = z
  .strictObject({
    apiVersion: z.literal(SYSTEM_API_VERSION).optional(),
    kind: z.literal('Project').optional(),
    metadata: z.strictObject({
      name: z
        .string()
        .regex(NAME, { error: 'must be lower-case letters, digits and -, at most 63' })
        .meta({ example: 'team-a' }),
      description: z.string().max(2048).optional(),
    }),
  })
  .meta({ id: 'Project', description: 'Clusters, and the keys for them, are in a project.' });

export const PROJECT_EXAMPLE = {
  apiVersion: SYSTEM_API_VERSION,
  kind: 'Project',
  metadata: { name: 'team-a', description: 'The clusters of team A' },
};

export const PROJECT_VIEW_EXAMPLE: ProjectView = {
  ...{ apiVersion: SYSTEM_API_VERSION, kind: 'Project' },
  metadata: { ...PROJECT_EXAMPLE.metadata, modifiedAt: '2026-11-24T08:20:01.051000Z' },
  spec: { default: false },
  status: { id: 'k3v9x1q', createdAt: '2026-11-24T08:20:01.051000Z' },
};
