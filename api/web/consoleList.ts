import { z } from '@hono/zod-openapi';

import type { ConsoleList } from '../../core/consoleModel.js';
import type { Store } from '../../store/types.js';
import type { Principal } from '../auth/principal.js';
import { defined } from '../http/defined.js';
import { labelFilter, listQuery, nameFilter, pageOf } from '../http/listQuery.js';
import { invalid } from '../http/readDocument.js';
import { visibleProjects } from '../visibleProjects.js';
import { clusterRows, StateFilter } from './clusterRows.js';

const schema = listQuery(
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

/** A page of the list as it was asked for: who asks for the same sees the same. */
export interface ListAsked {
  /** The project that the key is for; absent: all of them. */
  own?: string;
  /** As it was sent, by name, and known to be good. */
  query: Readonly<Record<string, string>>;
}

/** @throws AppError InvalidRequest for a query that is none. */
export function listAsked(principal: Principal, query: Record<string, string>): ListAsked {
  parse(query);
  const byName = Object.entries(query).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { query: Object.fromEntries(byName), ...defined({ own: principal.project }) };
}

/** The clusters of all projects that a key may enter, each with where it stands. */
export async function readConsoleList(
  store: Store,
  { own, query }: ListAsked,
): Promise<ConsoleList> {
  const { page, metadata, ...filters } = parse(query);
  const { items: projects } = await visibleProjects(store, defined({ project: own }), {
    limit: MOST_PROJECTS,
  });
  const { project, name, state, label: labels } = filters;
  const wanted = project === undefined ? projects : projects.filter((one) => one.name === project);
  const { rows, count, next } = await clusterRows(store, wanted, {
    ...{ limit: page.limit, ...defined({ after: page.after, name, state, labels }) },
  });
  const { continue: token } = metadata(count ?? 0, next);
  return {
    projects: projects.map((one) => one.name),
    items: rows,
    ...defined({ count, continue: token }),
  };
}

function parse(query: Readonly<Record<string, string>>) {
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw invalid(parsed.error);
  return { ...parsed.data, ...pageOf(parsed.data, ['console'], keySchema) };
}
