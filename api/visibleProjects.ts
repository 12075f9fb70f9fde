import type { NameFilter, Page, Slice } from '../store/page.js';
import type { Project } from '../store/projectStore.js';
import type { Store } from '../store/types.js';
import type { Principal } from './auth/principal.js';

/** The projects that a key may know of, by name: all, or its own. */
export async function visibleProjects(
  store: Store,
  principal: Pick<Principal, 'project'>,
  page: Page<string> & { name?: NameFilter },
): Promise<Slice<Project>> {
  const { project: own } = principal;
  if (own === undefined) return store.projects.list(page);
  if (page.name !== undefined && !fits(page.name, own)) return { items: [], count: 0, more: false };
  return store.projects.list({ ...page, name: { exact: own } });
}

function fits(filter: NameFilter, name: string): boolean {
  return 'exact' in filter ? filter.exact === name : name.startsWith(filter.prefix);
}
