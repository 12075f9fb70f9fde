import { LIST_METADATA_EXAMPLE } from '../../schemas/example.js';
import { TASKSET_SUMMARY_EXAMPLE } from '../../schemas/tasksetExample.js';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { OperationName, TasksetStatus } from '../../../core/words.js';
import type { ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { errors, json, notModified, readHeaders } from '../../http/describe.js';
import { defined } from '../../http/defined.js';
import { taggedJson } from '../../http/entityTag.js';
import {
  listMetadataSchema,
  listQuery,
  pageOf,
  wordsFilter,
  type ListMetadata,
} from '../../http/listQuery.js';
import { projectAccess } from '../../middleware/access.js';
import { clusterParams } from '../../schemas/params.js';
import { tasksetSummarySchema } from '../../schemas/taskset.js';
import { tasksetSummary, type TasksetSummary } from '../../views/tasksetView.js';
import { CLUSTER } from '../clusters/paths.js';

const query = listQuery(
  {
    status: wordsFilter(Object.values(TasksetStatus), 'Of the taskset'),
    operation: z.enum(OperationName).optional().meta({ description: 'Those that hold it' }),
  },
  { limit: 10, most: 100 },
);

interface TasksetList {
  metadata: ListMetadata;
  items: TasksetSummary[];
}

const route = createRoute({
  method: 'get',
  path: `${CLUSTER}/tasksets`,
  operationId: 'listTasksets',
  summary: 'What was done to a cluster, newest first',
  tags: ['Tasksets'],
  middleware: projectAccess('viewer'),
  request: { params: clusterParams, headers: readHeaders, query },
  responses: {
    200: json<TasksetList>(
      z
        .object({ metadata: listMetadataSchema, items: z.array(tasksetSummarySchema) })
        .meta({ id: 'TasksetList' }),
      'The tasksets',
      { metadata: { ...LIST_METADATA_EXAMPLE, limit: 10 }, items: [TASKSET_SUMMARY_EXAMPLE] },
    ),
    ...notModified,
    ...errors(400, 401, 403, 404),
  },
});

export function listTasksets(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(route, async (c) => {
    const { id } = await findReadableCluster(c, c.req.valid('param'));
    const asked = c.req.valid('query');
    const { page, metadata } = pageOf(asked, ['tasksets', id], z.int());
    const { status, operation } = asked;
    const { items, count, more } = await c.var.deps.store.tasksets.list(id, {
      ...page,
      ...defined({ status, operation }),
    });
    return taggedJson(c, {
      metadata: metadata(count, more ? items.at(-1)?.sequence : undefined),
      items: items.map(tasksetSummary),
    });
  });
}
