import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { DriftPolicy } from '../../../core/blueprints.js';
import { AppError, ErrorCode } from '../../../core/errors.js';
import type { DriftRecord } from '../../../core/records.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { clusterParams } from '../../schemas/params.js';
import { CLUSTER } from './paths.js';

const driftSchema = z
  .object({
    checkedAt: z.string(),
    blueprint: z.object({ name: z.string(), version: z.string().optional() }),
    policy: z.enum(Object.values(DriftPolicy)).meta({
      description: 'Correct: what differed was applied again by the same BlueprintSync.',
    }),
    count: z.int(),
    objects: z.array(z.string()).meta({ description: 'The first 100 of them: names only.' }),
  })
  .meta({ id: 'Drift', description: 'Where what is live differed from the blueprint.' });

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/drift`,
  operationId: 'getDrift',
  summary: 'What the last comparison with the blueprint has found',
  description: '404 until a sync was asked for (`POST …/sync`).',
  tags: ['Clusters'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams },
  responses: {
    200: json<DriftRecord>(driftSchema, 'The comparison', {
      checkedAt: '2026-11-24T08:20:11.300Z',
      blueprint: { name: 'web', version: 'v2' },
      policy: 'Correct',
      count: 1,
      objects: ['deployment web/site'],
    }),
    ...errors(401, 403, 404),
  },
});

export function getDrift(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const of = c.req.valid('param');
    const { drift } = await findReadableCluster(c, of);
    if (drift === undefined) {
      throw new AppError(
        ErrorCode.NotFound,
        `cluster ${of.name} was not compared with its blueprint yet`,
      );
    }
    return c.json(drift, 200);
  });
}
