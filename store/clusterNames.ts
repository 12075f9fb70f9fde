import type { Collection, Db } from 'mongodb';

import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
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

interface Known {
  revision: number;
  /** In order. */
  names: readonly string[];
  /** When all of them were read, by this process's clock. */
  readAt: number;
}

export interface ClusterNames {
  /** In order. With everything that was noted before this was asked for, by whichever process. */
  of(project: string): Promise<readonly string[]>;
  /** Another one after every change that lists show; the same: they show the same. */
  revision(project: string): Promise<number>;
  /** These are no names of clusters any more, though `of` gave `names` with them. */
  drop(project: string, names: readonly string[], gone: readonly string[]): void;
}

/**
 * The names of every project's clusters, kept in memory and brought up to date by one small read: a page of a list is
 * then a look-up by names, however many clusters there are. Only names are kept: what is shown of a cluster is read
 * each time.
 */
export function openClusterNames(db: Db): ClusterNames {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const notes = notesOf(db);
  const known = new Map<string, Known>();
  const rereading = new Set<string>();

  const keep = (project: string, value: Known): void => {
    known.delete(project);
    known.set(project, value);
    const [oldest] = known.keys();
    if (known.size > PROJECTS_KEPT && oldest !== undefined) known.delete(oldest);
  };
  const readAll = async (project: string): Promise<Known> => {
    // Before the names: a change between the two is found again by its note.
    const { revision } = await readNote(notes, project);
    const found = await namesIn(clusters, { project });
    const value = { revision, names: found.toSorted(), readAt: Date.now() };
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
  const upToDate = async (project: string): Promise<readonly string[]> => {
    const { revision, changed } = await readNote(notes, project);
    const before = known.get(project);
    const behind = revision - (before?.revision ?? 0);
    const age = Date.now() - (before?.readAt ?? 0);
    if (before === undefined || behind < 0 || behind > changed.length || age > TOO_OLD_MS) {
      return (await readAll(project)).names;
    }
    if (age > REREAD_MS) rereadInBackground(project);
    if (behind === 0) return before.names;
    const touched = new Set(changed.slice(-behind));
    const there = await namesIn(clusters, { project, name: { $in: [...touched] } });
    const rest = before.names.filter((name) => !touched.has(name));
    const names = [...rest, ...there].sort();
    // Unless all of them were read meanwhile.
    if (known.get(project) === before) keep(project, { ...before, revision, names });
    return names;
  };

  return {
    of: shared(upToDate),
    revision: shared(async (project) => (await readNote(notes, project)).revision),
    drop(project, names, gone) {
      const before = known.get(project);
      // What was read since may have them anew.
      if (before?.names !== names) return;
      keep(project, { ...before, names: names.filter((name) => !gone.includes(name)) });
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

async function namesIn(clusters: Collection<ClusterDocument>, filter: object): Promise<string[]> {
  const found = await clusters.find(filter, { projection: { _id: 0, name: 1 } }).toArray();
  return found.map(({ name }) => name);
}
