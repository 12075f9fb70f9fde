import { z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleList } from '../../../core/consoleModel.js';
import type { Project } from '../../../store/projectStore.js';
import { clusterRows, StateFilter } from '../../web/clusterRows.js';
import { principalOf, type ApiContext, type ApiEnv } from '../../env.js';
import { defined } from '../../http/defined.js';
import { taggedJson } from '../../http/entityTag.js';
import { labelFilter, listQuery, nameFilter, pageOf } from '../../http/listQuery.js';
import { invalid } from '../../http/readDocument.js';
import { keyAccess } from '../../middleware/access.js';
import { visibleProjects } from '../../visibleProjects.js';

const query = listQuery(
  {
    project: z.string().optional(),
    name: nameFilter(),
    state: z.enum(StateFilter).optional(),
    label: labelFilter(),
  },
  { limit: 25, most: 100 },
);

const keySchema = z.object({
  ...{ project: z.string(), name: z.string() },
  shared: z.boolean().optional(),
});
/** Nobody chooses among more in a list. */
const MOST_PROJECTS = 1000;

/** The console's list: the clusters of all projects that a key may enter, each with where it stands. */
export function consoleClusters(app: OpenAPIHono<ApiEnv>): void {
  app.get('/console/clusters', keyAccess('viewer'), async (c) =>
    taggedJson(c, await consoleList(c)),
  );
}

/** By the query of the request, whose principal is known. @throws AppError InvalidRequest for a query that is none. */
export async function consoleList(c: ApiContext): Promise<ConsoleList> {
  const parsed = query.safeParse(c.req.query());
  if (!parsed.success) throw invalid(parsed.error);
  const asked = parsed.data;
  const { page, metadata } = pageOf(asked, ['console'], keySchema);
  const projects = await readableProjects(c);
  const { project, name, state, label: labels } = asked;
  const wanted = project === undefined ? projects : projects.filter((one) => one.name === project);
  const { rows, count, next } = await clusterRows(c.var.deps.store, wanted, {
    ...{ limit: page.limit, ...defined({ after: page.after, name, state, labels }) },
  });
  const { continue: token } = metadata(count ?? 0, next);
  return {
    projects: projects.map((one) => one.name),
    items: rows,
    ...defined({ count, continue: token }),
  };
}

async function readableProjects(c: ApiContext): Promise<Project[]> {
  const { store } = c.var.deps;
  return (await visibleProjects(store, principalOf(c), { limit: MOST_PROJECTS })).items;
}
