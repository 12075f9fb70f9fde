import type { Collection, Document, Filter, Sort } from 'mongodb';

import type { NameFilter, Page, Slice } from './page.js';

interface Query<D extends Document> {
  filter: Filter<D>;
  /** What comes after the last page; absent: from the start. */
  after?: Filter<D>;
  sort: Sort;
  /** Index to walk where the planner might not take one by itself. */
  hint?: string;
  projection?: Document;
}

/**
 * One page and the count of all. One more than the limit is read, to know whether there is another page. A last
 * page tells the count by itself, unless it began after a key.
 */
export async function readPage<D extends Document>(
  collection: Collection<D>,
  { filter, after, sort, hint, projection }: Query<D>,
  { limit, offset = 0 }: Pick<Page, 'limit' | 'offset'>,
): Promise<{ found: D[]; count: number; more: boolean }> {
  const by = hint === undefined ? {} : { hint };
  const from = after === undefined ? filter : ({ ...filter, ...after } as Filter<D>);
  const found =
    limit < 1
      ? []
      : ((await collection
          .find(from, { ...by, ...(projection === undefined ? {} : { projection }) })
          .sort(sort)
          .skip(offset)
          .limit(limit + 1)
          .toArray()) as D[]);
  const seen = offset + found.length;
  const known = after === undefined && found.length <= limit && (found.length > 0 || offset === 0);
  const count = known && limit > 0 ? seen : await collection.countDocuments(filter, by);
  return { count, found: found.slice(0, limit), more: found.length > limit };
}

/** The same page of something else. */
export function mapSlice<D, T>(
  { found, count, more }: { found: D[]; count: number; more: boolean },
  map: (document: D) => T,
): Slice<T> {
  return { items: found.map(map), count, more };
}

/** Beyond every character that a name may hold. */
export const LAST = '\u{10FFFF}';

/** A name, or all that begin with a text, as a range of an index; only what comes after `after`. */
export function nameCondition(name: NameFilter | undefined, after?: string): object | undefined {
  const later = after === undefined ? {} : { $gt: after };
  if (name === undefined) return after === undefined ? undefined : later;
  if ('exact' in name)
    return after === undefined ? { $eq: name.exact } : { $eq: name.exact, ...later };
  return { $gte: name.prefix, $lt: name.prefix + LAST, ...later };
}
