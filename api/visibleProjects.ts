import type { Project, Store } from '../store/types.js';
import type { Principal } from './auth/principal.js';

/** The projects that a key may know of, by name: all, or its own. */
export async function visibleProjects(
  store: Store,
  principal: Principal,
  page: { limit: number; offset: number; name?: string },
): Promise<{ items: Project[]; count: number }> {
  if (principal.project === undefined) return store.projects.list(page);
  const { project: name } = principal;
  if (page.name !== undefined && page.name !== name) return { items: [], count: 0 };
  return store.projects.list({ ...page, name });
}
