import type { Collection } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import type { ClusterNames } from './clusterNames.js';
import { LAST } from './paging.js';
import type { ClusterStore } from './types.js';

type ListPage = Parameters<ClusterStore['list']>[1];
type Found = { found: ClusterDocument[]; count: number; more: boolean };

/** One query names at most so many. */
const TOGETHER = 200;

/** A list that is ordered by name and chosen by nothing else, whose pages the names tell. */
export function isByName({ name, status = [], labels = [], shared = false }: ListPage): boolean {
  const exact = name !== undefined && 'exact' in name;
  return !exact && status.length === 0 && labels.length === 0 && !shared;
}

/**
 * One page and the count of all, by the names that are known and a look-up of those on the page: the work is that of
 * the page, not of the list.
 */
export function pageByName(
  clusters: Collection<ClusterDocument>,
  names: ClusterNames,
): (project: string, page: ListPage) => Promise<Found> {
  return async (project, { name, after, limit, offset = 0 }) => {
    const prefix = name !== undefined && 'prefix' in name ? name.prefix : '';
    for (;;) {
      const all = await names.of(project);
      const [first, end] = [place(all, prefix), place(all, prefix + LAST)];
      const start = after === undefined ? first : Math.max(first, placeAfter(all, after));
      const from = Math.min(start + offset, end);
      const wanted = all.slice(from, Math.min(from + limit, end));
      const found = await readNames(clusters, project, wanted);
      if (found.length === wanted.length) {
        return { found, count: end - first, more: from + wanted.length < end };
      }
      // Gone since, or never noted as gone: each turn has fewer names.
      const there = new Set(found.map((one) => one.name));
      names.drop(
        project,
        all,
        wanted.filter((one) => !there.has(one)),
      );
    }
  };
}

async function readNames(
  clusters: Collection<ClusterDocument>,
  project: string,
  wanted: readonly string[],
): Promise<ClusterDocument[]> {
  const parts = Array.from({ length: Math.ceil(wanted.length / TOGETHER) }, (_, index) =>
    wanted.slice(index * TOGETHER, (index + 1) * TOGETHER),
  );
  const found: ClusterDocument[] = [];
  for (const part of parts) {
    found.push(...(await clusters.find({ project, name: { $in: part } }).toArray()));
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
