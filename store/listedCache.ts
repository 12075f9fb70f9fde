import { resourceVersion } from '../core/resourceVersion.js';
import type { ListedCluster } from './clusterStore.js';

/** A cluster of three machines is about 1 kB: 10,000 of them are a seventh of it. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** What lists show of clusters, by project and name. What is given is not to be changed. */
export interface ListedCache {
  get(project: string, name: string): ListedCluster | undefined;
  put(project: string, cluster: ListedCluster): void;
  /** These may have changed, or gone. */
  drop(project: string, names: Iterable<string>): void;
  /** Drops all of a project that are not at these versions. */
  verify(project: string, versions: ReadonlyMap<string, string>): void;
  forget(project: string): void;
}

type OfProject = Map<string, ListedCluster>;

/** Bounded by the length of the specs: of the project that was put into longest ago, the oldest go first. */
export function createListedCache(mostCharacters = MOST_CHARACTERS): ListedCache {
  const projects = new Map<string, OfProject>();
  let characters = 0;

  const drop = (project: string, names: Iterable<string>): void => {
    const of = projects.get(project);
    if (of === undefined) return;
    for (const name of names) {
      characters -= of.get(name)?.desired.length ?? 0;
      of.delete(name);
    }
    if (of.size === 0) projects.delete(project);
  };
  const makeRoom = (): void => {
    for (const [project, of] of projects) {
      for (const name of of.keys()) {
        if (characters <= mostCharacters) return;
        drop(project, [name]);
      }
    }
  };

  return {
    get: (project, name) => projects.get(project)?.get(name),
    put(project, cluster) {
      drop(project, [cluster.name]);
      const of: OfProject = projects.get(project) ?? new Map<string, ListedCluster>();
      of.set(cluster.name, cluster);
      characters += cluster.desired.length;
      projects.delete(project);
      projects.set(project, of);
      makeRoom();
    },
    drop,
    verify(project, versions) {
      const of = projects.get(project);
      const old = [...(of?.values() ?? [])].filter(
        (cluster) => versions.get(cluster.name) !== resourceVersion(cluster),
      );
      drop(
        project,
        old.map(({ name }) => name),
      );
    },
    forget(project) {
      drop(project, [...(projects.get(project)?.keys() ?? [])]);
    },
  };
}
