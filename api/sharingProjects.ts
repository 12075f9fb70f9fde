import type { Cluster } from '../core/cluster.js';
import type { Principal } from './auth/principal.js';
import type { ApiDeps } from './deps.js';

/**
 * Those of the projects which a body shares its cluster with that there are; undefined for a key of one project,
 * which is not told of others: sharing with one that does not exist does nothing until it does.
 */
export async function sharingProjects(
  { store }: ApiDeps,
  principal: Principal,
  raw: unknown,
): Promise<ReadonlySet<string> | undefined> {
  if (principal.project !== undefined) return undefined;
  const given = (raw as Partial<Cluster> | null)?.spec?.sharing?.projects as unknown;
  const names = (Array.isArray(given) ? given : []).flatMap((each) => {
    const name = (each as { name?: unknown } | null)?.name;
    return typeof name === 'string' ? [name] : [];
  });
  const found = await Promise.all(
    [...new Set(names)].map(async (name) => (await store.projects.get(name)) && name),
  );
  return new Set(found.filter((name) => name !== undefined));
}
