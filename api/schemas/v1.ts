import { z } from '@hono/zod-openapi';

import { ProvisionStatus } from '../../core/words.js';

/** A v1 list: as much of it as there is, and no links. */
export interface V1List<T> {
  count: number;
  next: null;
  previous: null;
  results: T[];
}

export function v1List(item: z.ZodType, id: string) {
  return z
    .object({ count: z.int(), next: z.null(), previous: z.null(), results: z.array(item) })
    .meta({ id });
}

export const v1Query = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
  name: z.string().optional(),
  q: z.string().optional().meta({ description: 'The same as `name`' }),
});

export const v1ProjectSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    created_at: z.string(),
    modified_at: z.string(),
    organization_id: z.string(),
    partner_id: z.string(),
    default: z.boolean(),
  })
  .meta({ id: 'V1Project' });

export const edgeSchema = z
  .object({
    id: z.string(),
    edge_id: z.string(),
    name: z.string(),
    cluster_type: z.string(),
    project_id: z.string(),
    status: z.string().meta({ example: 'READY' }),
    health: z.int(),
    provision: z.object({ status: z.enum(ProvisionStatus), comments: z.string() }),
    created_at: z.string(),
    modified_at: z.string(),
    settings: z.object({}),
  })
  .meta({ id: 'V1Edge' });
