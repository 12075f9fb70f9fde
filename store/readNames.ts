import type { Collection, Document } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';

/** One query names at most so many. */
const TOGETHER = 200;
/** From this part on of what lies between the first name and the last, all of that is read. */
const WORTH_A_RANGE = 0.25;

interface Wanted {
  project: string;
  /** In order. */
  wanted: readonly string[];
  /** How many names are known that lie there, with those that are not wanted. Default: none of the latter. */
  among?: number;
  projection?: Document;
}

/**
 * Those of the clusters that are there, in no order. Neighbours are read as one range of the index: the embedded database
 * does a third of the work then that it does for as many names in `$in`.
 */
export async function readNames(
  clusters: Collection<ClusterDocument>,
  { project, wanted, among = wanted.length, projection }: Wanted,
): Promise<ClusterDocument[]> {
  const by = projection === undefined ? {} : { projection };
  const found = new Map<string, ClusterDocument>();
  const take = (documents: ClusterDocument[]): void => {
    for (const document of documents) found.set(document.name, document);
  };
  const [first, last] = [wanted[0], wanted.at(-1)];
  if (first !== undefined && last !== undefined && wanted.length >= among * WORTH_A_RANGE) {
    // Some may be there by now that nobody knew of: what they leave no room for is named below.
    const range = { project, name: { $gte: first, $lte: last } };
    take(await clusters.find(range, by).limit(among).toArray());
  }
  const rest = wanted.filter((name) => !found.has(name));
  for (let from = 0; from < rest.length; from += TOGETHER) {
    const name = { $in: rest.slice(from, from + TOGETHER) };
    take(await clusters.find({ project, name }, by).toArray());
  }
  return wanted.flatMap((name) => found.get(name) ?? []);
}
