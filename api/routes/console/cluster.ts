import { z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleHealth } from '../../../core/consoleModel.js';
import { changeText, type PageMoment } from '../../web/clusterPage.js';
import { healthPanel } from '../../web/healthPanel.js';
import { specText } from '../../web/specText.js';
import { consoleTaskset, consoleTasksetSummary } from '../../web/timeline.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';
import { followFeed } from '../../followFeed.js';
import { taggedJson } from '../../http/entityTag.js';
import { invalid } from '../../http/readDocument.js';
import { projectAccess } from '../../middleware/access.js';
import { findTaskset } from '../tasksets/findTaskset.js';

const CLUSTER = '/console/clusters/:project/:name';
/** What the page is given of the history at once. */
const MOST_TASKSETS = 100;

const historyQuery = z.object({
  before: z
    .string()
    .regex(/^\d{1,15}$/, { error: 'not the number of a taskset' })
    .transform(Number)
    .optional(),
});

/** What the console shows of a cluster, now and as it changes. */
export function consoleCluster(app: OpenAPIHono<ApiEnv>): void {
  app.get(`${CLUSTER}/events`, projectAccess('viewer'), async (c) => {
    const of = clusterOf(c);
    await findReadableCluster(c, of);
    return followFeed<PageMoment>(c, {
      follow: (listener) => c.var.pageFeed.follow(of, listener),
      event: (moment, last) => ({ event: 'page', data: changeText(moment, last) }),
      gone: { event: 'deleted', data: JSON.stringify(of) },
    });
  });

  app.get(`${CLUSTER}/spec`, projectAccess('viewer'), async (c) =>
    taggedJson(c, specText(await findReadableCluster(c, clusterOf(c)))),
  );

  app.get(`${CLUSTER}/health`, projectAccess('viewer'), async (c) =>
    taggedJson<ConsoleHealth | null>(
      c,
      await healthPanel(c.var.deps.store, await findReadableCluster(c, clusterOf(c))),
    ),
  );

  app.get(`${CLUSTER}/tasksets`, projectAccess('viewer'), async (c) => {
    const { store } = c.var.deps;
    const asked = historyQuery.safeParse(c.req.query());
    if (!asked.success) throw invalid(asked.error);
    const { before } = asked.data;
    const { id } = await findReadableCluster(c, clusterOf(c));
    const tasksets =
      before === undefined
        ? await store.tasksets.latest(id, MOST_TASKSETS)
        : (await store.tasksets.list(id, { limit: MOST_TASKSETS, after: before })).items;
    return taggedJson(c, tasksets.map(consoleTasksetSummary));
  });

  app.get(`${CLUSTER}/tasksets/:id`, projectAccess('viewer'), async (c) => {
    const { store, config } = c.var.deps;
    const id = c.req.param('id');
    const { cluster, taskset } = await findTaskset(c, { ...clusterOf(c), id });
    const [nodes, kept] = await Promise.all([
      store.nodes.steps(cluster.id),
      store.stepHistory.read(cluster.id, taskset.id),
    ]);
    return taggedJson(c, consoleTaskset(taskset, { nodes, kept }, config.temporalUi));
  });
}

function clusterOf(c: ApiContext): { project: string; name: string } {
  return { project: c.req.param('project') ?? '', name: c.req.param('name') ?? '' };
}
