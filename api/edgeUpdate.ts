import { z } from '@hono/zod-openapi';

import type { Problem } from '../core/errors.js';
import type { EdgeView } from './views/edgeView.js';

/** What says which cluster it is: it cannot be another one. */
const IDENTITY = ['id', 'edge_id', 'name', 'cluster_type', 'project_id'] as const;
/** Set by the server. As in the V3 API they may come back, as old as they are, and say nothing. */
const SERVER_SET: ReadonlySet<string> = new Set([
  'status',
  'health',
  'provision',
  'created_at',
  'modified_at',
  'share_mode',
  'projects',
]);

/** An edge as clients send it back: fields that are not known here are checked by `edgeUpdateProblems`. */
export const edgeUpdateSchema = z
  .looseObject({ id: z.string().optional(), name: z.string().optional() })
  .meta({ id: 'V1EdgeUpdate', description: 'An edge, as `GET` gave it.' });

/**
 * What of a v1 update would change something. Clients read an edge and write it back whole; all that can be
 * changed of a cluster is in its spec, so what differs is refused instead of being left undone. Fields of
 * their own types that they leave empty say nothing.
 */
export function edgeUpdateProblems(edge: EdgeView, update: Record<string, unknown>): Problem[] {
  const identity: ReadonlySet<string> = new Set(IDENTITY);
  return Object.entries(update).flatMap(([path, value]): Problem[] => {
    if (SERVER_SET.has(path) || isEmpty(value)) return [];
    if (!identity.has(path)) {
      return [{ path, message: 'cannot be changed here: apply the Cluster with POST …/clusters' }];
    }
    const own = edge[path as (typeof IDENTITY)[number]];
    return value === own ? [] : [{ path, message: `is ${own} and cannot be changed` }];
  });
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
