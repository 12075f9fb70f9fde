import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import {
  ClusterRolloutState,
  RolloutState,
  type Rollout,
  type RolloutCluster,
} from '../../../core/rollout.js';
import type { ApiEnv } from '../../env.js';
import { findBlueprint } from '../../findBlueprint.js';
import { errors, json } from '../../http/describe.js';
import { projectAccess } from '../../middleware/access.js';
import { blueprintParams } from '../../schemas/params.js';
import { BLUEPRINT } from './paths.js';

/** Of thousands, nobody reads all: those with something to say come first. */
const SHOWN = 200;

interface RolloutView {
  blueprint: string;
  version: string;
  state: RolloutState;
  startedAt: string;
  endedAt?: string;
  counts: Record<ClusterRolloutState, number>;
  clusters: { name: string; state: ClusterRolloutState; reason?: string }[];
}

const STATES = Object.values(ClusterRolloutState);

const rolloutSchema = z
  .object({
    blueprint: z.string(),
    version: z.string(),
    state: z.enum(Object.values(RolloutState)),
    startedAt: z.string(),
    endedAt: z.string().optional(),
    counts: z.object(
      Object.fromEntries(STATES.map((state) => [state, z.int()])) as Record<
        ClusterRolloutState,
        z.ZodInt
      >,
    ),
    clusters: z
      .array(z.object({ name: z.string(), state: z.enum(STATES), reason: z.string().optional() }))
      .meta({ description: `At most ${String(SHOWN)}: failed ones first, then those at work.` }),
  })
  .meta({ id: 'BlueprintRollout', description: 'How the newest version comes to the clusters.' });

const route = createRoute({
  method: 'get',
  path: `${BLUEPRINT}/rollout`,
  operationId: 'getBlueprintRollout',
  summary: 'How a new version comes to the clusters that follow the blueprint',
  description: '404 until a second version was made.',
  tags: ['Blueprints'],
  middleware: projectAccess('viewer'),
  request: { params: blueprintParams },
  responses: {
    200: json<RolloutView>(rolloutSchema, 'The rollout', {
      ...{ blueprint: 'web', version: 'v2', state: 'Running' },
      startedAt: '2026-11-24T08:20:11.300000Z',
      counts: { Waiting: 3, Asked: 1, Updated: 1, Failed: 0, Skipped: 0 },
      clusters: [{ name: 'demo-cluster', state: 'Asked' }],
    }),
    ...errors(401, 403, 404),
  },
});

export function getBlueprintRollout(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { project, name } = c.req.valid('param');
    await findBlueprint(c, { project, name });
    const rollout = await c.var.deps.store.blueprints.rollout(project, name);
    if (rollout === undefined) {
      throw new AppError(ErrorCode.NotFound, `no version of blueprint ${name} was rolled out yet`);
    }
    return c.json(rolloutView(rollout), 200);
  });
}

const ORDER: readonly ClusterRolloutState[] = ['Failed', 'Asked', 'Waiting', 'Skipped', 'Updated'];

function rolloutView({ name, version, state, startedAt, endedAt, clusters }: Rollout): RolloutView {
  const rank = (cluster: RolloutCluster): number => ORDER.indexOf(cluster.state);
  return {
    ...{ blueprint: name, version, state, startedAt },
    ...(endedAt === undefined ? {} : { endedAt }),
    counts: Object.fromEntries(
      STATES.map((each) => [each, clusters.filter((cluster) => cluster.state === each).length]),
    ) as RolloutView['counts'],
    clusters: clusters
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, SHOWN)
      .map((cluster) => ({
        ...{ name: cluster.name, state: cluster.state },
        ...(cluster.reason === undefined ? {} : { reason: cluster.reason }),
      })),
  };
}
