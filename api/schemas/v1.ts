import { z } from '@hono/zod-openapi';

import { ProvisionStatus } from '../../core/words.js';
import type { NameFilter } from '../../store/page.js';

/** A v1 list: `next` and `previous` are the URLs of the pages beside this one. */
export interface V1List<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export function v1List(item: z.ZodType, id: string) {
  return z
    .object({
      count: z.int(),
      next: z.string().nullable(),
      previous: z.string().nullable(),
      results: z.array(item),
    })
    .meta({ id });
}

/** How many there are, and the pages beside this one, as URLs. */
export function v1Page(
  url: string,
  { limit, offset, count }: { limit: number; offset: number; count: number },
): Omit<V1List<never>, 'results'> {
  const at = (to: number): string => {
    const other = new URL(url);
    other.searchParams.set('limit', String(limit));
    other.searchParams.set('offset', String(to));
    return other.href;
  };
  return {
    count,
    next: offset + limit < count ? at(offset + limit) : null,
    previous: offset > 0 ? at(Math.max(0, offset - limit)) : null,
  };
}

export const v1Query = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  name: z.string().optional(),
  q: z.string().optional().meta({ description: 'Whose name begins so; the shortest is the first' }),
});

/** What a v1 list is asked for: one name exactly, or all that begin with a text. */
export function v1Name({ name, q }: { name?: string | undefined; q?: string | undefined }): {
  name?: NameFilter;
} {
  if (name !== undefined) return { name: { exact: name } };
  // Templates of clients send an empty one for "all".
  return q === undefined || q === '' ? {} : { name: { prefix: q } };
}

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

export const V1_PROJECT_EXAMPLE = {
  id: 'k3v9x1q',
  name: 'defaultproject',
  description: '',
  created_at: '2026-11-24T08:20:01.051000Z',
  modified_at: '2026-11-24T08:20:01.051000Z',
  organization_id: 'plinth',
  partner_id: 'plinth',
  default: true,
};

export const EDGE_EXAMPLE = {
  id: 'pd270k4',
  edge_id: 'pd270k4',
  name: 'demo-cluster',
  cluster_type: 'mks',
  project_id: 'k3v9x1q',
  status: 'READY',
  health: 1,
  provision: {
    status: 'CLUSTER_PROVISION_COMPLETE',
    comments: 'clusterOperation is applied',
  },
  created_at: '2026-11-24T08:23:38.051000Z',
  modified_at: '2026-11-24T14:41:57.051000Z',
  settings: {},
};
