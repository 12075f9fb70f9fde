import type { Collection, Db } from 'mongodb';

import { resourceVersion } from '../core/resourceVersion.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { createListedCache, type ListedCache } from './listedCache.js';
import { shared } from './shared.js';

/** Who has seen all but so many changes of a project looks up those names only. */
const CHANGES_KEPT = 200;
/**
 * A process that dies between a cluster's write and the note of its name leaves one that is in no list. So all names
 * are read again this often: in the background, because it takes the embedded database a second for 10,000.
 */
const REREAD_MS = 60_000;
/** Of nobody's asking for this long there may be more of that: then who asks next waits for it. */
const TOO_OLD_MS = 10 * REREAD_MS;
/** About 1 MB each where they are big. */
const PROJECTS_KEPT = 200;

/** One a project, for all processes. */
interface NamesDocument {
  _id: string;
  /** How many changes were ever noted. */
  revision: number;
  /** The names that the last of them were of, newest last. */
  changed: string[];
}

/** A project's clusters as they were once all its notes up to `revision` were followed. */
export interface Known {
  revision: number;
  /** In order. */
  names: readonly string[];
  /** When all of them were read, by this process's clock. */
  readAt: number;
}

export interface ClusterNames {
  /** With everything that was noted before this was asked for, by whichever process. */
  of(project: string): Promise<Known>;
  /** Whether nothing that was noted since `known` was given is known here. */
  isLatest(project: string, known: Known): boolean;
  /** What lists showed of clusters that no note has named since. */
  readonly listed: ListedCache;
  /** Another one after every change that lists show; the same: they show the same. */
  revision(project: string): Promise<number>;
  /** These are no names of clusters any more, though `of` gave `known` with them. */
  drop(project: string, known: Known, gone: readonly string[]): void;
}

/**
 * The names of every project's clusters, kept in memory and brought up to date by one small read: a page of a list is
 * then a look-up by names, however many clusters there are. What lists show of a cluster is kept until its name is noted.
 */
export function openClusterNames(db: Db): ClusterNames {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const notes = notesOf(db);
  const known = new Map<string, Known>();
  const rereading = new Set<string>();
  const listed = createListedCache();

  const keep = (project: string, value: Known): void => {
    known.delete(project);
    known.set(project, value);
    const [oldest] = known.keys();
    if (known.size <= PROJECTS_KEPT || oldest === undefined) return;
    known.delete(oldest);
    listed.forget(oldest);
  };
  const readAll = async (project: string): Promise<Known> => {
    // Before the names: a change between the two is found again by its note.
    const { revision } = await readNote(notes, project);
    const found = await clusters.find({ project }, { projection: VERSION }).toArray();
    const names = found.map(({ name }) => name).sort();
    const value = { revision, names, readAt: Date.now() };
    // A change that was never noted is found here.
    listed.verify(project, new Map(found.map((one) => [one.name, versionOf(one)])));
    keep(project, value);
    return value;
  };
  const rereadInBackground = (project: string): void => {
    if (rereading.has(project)) return;
    rereading.add(project);
    const end = (): void => void rereading.delete(project);
    // Where it fails, the next who asks begins it again.
    readAll(project).then(end, end);
  };
  const upToDate = async (project: string): Promise<Known> => {
    const { revision, changed } = await readNote(notes, project);
    const before = known.get(project);
    const behind = revision - (before?.revision ?? 0);
    const age = Date.now() - (before?.readAt ?? 0);
    if (before === undefined || behind < 0 || behind > changed.length || age > TOO_OLD_MS) {
      return readAll(project);
    }
    if (age > REREAD_MS) rereadInBackground(project);
    if (behind === 0) return before;
    const touched = new Set(changed.slice(-behind));
    const there = await namesIn(clusters, { project, name: { $in: [...touched] } });
    const value = { ...before, revision, names: withNames(before.names, touched, there) };
    listed.drop(project, touched);
    // Unless all of them were read meanwhile.
    if (known.get(project) === before) keep(project, value);
    return value;
  };

  return {
    of: shared(upToDate),
    isLatest: (project, value) => known.get(project) === value,
    listed,
    revision: shared(async (project) => (await readNote(notes, project)).revision),
    drop(project, before, gone) {
      // What was read since may have them anew.
      if (known.get(project) !== before) return;
      keep(project, { ...before, names: before.names.filter((name) => !gone.includes(name)) });
    },
  };
}

/**
 * To be called after every write that makes a cluster, takes one away or changes what lists show of it, and before
 * that is answered: then who was answered sees it in every list.
 */
export async function noteClusterName(db: Db, project: string, name: string): Promise<void> {
  const note = () =>
    notesOf(db).updateOne(
      { _id: project },
      { $inc: { revision: 1 }, $push: { changed: { $each: [name], $slice: -CHANGES_KEPT } } },
      { upsert: true },
    );
  try {
    await note();
  } catch (error) {
    // Another made the document at the same moment: now there is one to change.
    if (!isDuplicate(error)) throw error;
    await note();
  }
}

function notesOf(db: Db): Collection<NamesDocument> {
  return db.collection<NamesDocument>(CollectionName.clusterNames);
}

async function readNote(
  notes: Collection<NamesDocument>,
  project: string,
): Promise<Pick<NamesDocument, 'revision' | 'changed'>> {
  return (await notes.findOne({ _id: project })) ?? { revision: 0, changed: [] };
}

/** Names that were touched are in the list when they are among those that are there. */
function withNames(
  names: readonly string[],
  touched: ReadonlySet<string>,
  there: readonly string[],
): readonly string[] {
  const untouched = names.filter((name) => !touched.has(name));
  return there.length === 0 ? untouched : [...untouched, ...there].sort();
}

const VERSION = { name: 1, generation: 1, deleting: 1 } as const;

function versionOf({
  _id: id,
  generation,
  deleting,
}: Pick<ClusterDocument, '_id' | 'generation' | 'deleting'>): string {
  return resourceVersion({ id, generation, deleting });
}

async function namesIn(clusters: Collection<ClusterDocument>, filter: object): Promise<string[]> {
  const found = await clusters.find(filter, { projection: { _id: 0, name: 1 } }).toArray();
  return found.map(({ name }) => name);
}
