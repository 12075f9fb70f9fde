import type { Collection } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import type { ClusterNames, Known } from './clusterNames.js';
import { LAST } from './paging.js';
import { readNames } from './readNames.js';
import type { ClusterStore, ListedCluster } from './clusterStore.js';
import type { Slice } from './page.js';

type ListPage = Parameters<ClusterStore['list']>[1];
type Found = { found: ClusterDocument[]; count: number; more: boolean };

/** Half of a document, and no list shows it. */
export const WITHOUT_APPLIED_SPEC = { 'applied.spec': 0 } as const;

/** A list that is ordered by name and chosen by nothing else, whose pages the names tell. */
export function isByName(page: ListPage): boolean {
  const { name, status = [], common = [], deleting, labels = [], shared = false } = page;
  const exact = name !== undefined && 'exact' in name;
  const chosen = status.length + common.length + labels.length > 0 || deleting !== undefined;
  return !exact && !chosen && !shared;
}

/**
 * One page and the count of all, by the names that are known and a look-up of those on the page: the work is that of
 * the page, not of the list.
 */
export function pageByName(
  clusters: Collection<ClusterDocument>,
  names: ClusterNames,
): (project: string, page: ListPage) => Promise<Found> {
  return async (project, page) => {
    const { items, ...rest } = await readPlaces(names, project, page, async (_known, wanted) => {
      const found = await readNames(clusters, {
        ...{ project, wanted, projection: WITHOUT_APPLIED_SPEC },
      });
      return new Map(found.map((one) => [one.name, one]));
    });
    return { found: items, ...rest };
  };
}

/** The same of what lists show, of which only what changed since it was read before is looked up. */
export function listedByName(
  clusters: Collection<ClusterDocument>,
  names: ClusterNames,
): (project: string, page: ListPage) => Promise<Slice<ListedCluster>> {
  return (project, page) =>
    readPlaces(names, project, page, async (known, wanted) => {
      const there = new Map<string, ListedCluster>();
      for (const name of wanted) {
        const one = names.listed.get(project, name);
        if (one !== undefined) there.set(name, one);
      }
      const missing = wanted.filter((name) => !there.has(name));
      const found = await readNames(clusters, {
        ...{ project, wanted: missing, projection: LISTED },
        among: wanted.length,
      });
      // Where a change was noted meanwhile, this may be from before it.
      const isLatest = names.isLatest(project, known);
      for (const one of found.map(listedCluster)) {
        there.set(one.name, one);
        if (isLatest) names.listed.put(project, one);
      }
      return there;
    });
}

const LISTED = { name: 1, generation: 1, deleting: 1, modifiedAt: 1, desired: 1 } as const;

/** What lists show of a cluster: nothing that its workflow writes. */
export function listedCluster(
  document: Pick<ClusterDocument, '_id' | keyof typeof LISTED>,
): ListedCluster {
  const { _id: id, name, generation, deleting, modifiedAt, desired } = document;
  return { id, name, generation, deleting, modifiedAt, desired };
}

async function readPlaces<T>(
  names: ClusterNames,
  project: string,
  { name, after, limit, offset = 0 }: ListPage,
  read: (known: Known, wanted: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): Promise<Slice<T>> {
  const prefix = name !== undefined && 'prefix' in name ? name.prefix : '';
  for (;;) {
    const known = await names.of(project);
    const all = known.names;
    const [first, end] = [place(all, prefix), place(all, prefix + LAST)];
    const start = after === undefined ? first : Math.max(first, placeAfter(all, after));
    const from = Math.min(start + offset, end);
    const wanted = all.slice(from, Math.min(from + limit, end));
    const there = await read(known, wanted);
    const gone = wanted.filter((one) => !there.has(one));
    if (gone.length === 0) {
      const items = wanted.flatMap((one) => there.get(one) ?? []);
      return { items, count: end - first, more: from + wanted.length < end };
    }
    // Gone since, or never noted as gone: each turn has fewer names.
    names.drop(project, known, gone);
  }
}

/** Where a name is, or would be. */
function place(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeAfter(names: readonly string[], name: string): number {
  const at = place(names, name);
  return names[at] === name ? at + 1 : at;
}
