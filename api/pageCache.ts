import { taggedText, type TaggedText } from './http/entityTag.js';

/**
 * A process that dies between a change and the note of it leaves the revision as it was: the change, which nobody was
 * answered, shows after this at the latest.
 */
const MOST_AGE_MS = 30_000;
/** A page of 100 clusters of three machines is about 150 kB. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

interface Kept extends TaggedText {
  revision: number;
  readAt: number;
}

export interface PageCache {
  /** The page's JSON: the one that is kept while the revision is the same, else as it is read now. */
  get(of: {
    key: string;
    revision: () => Promise<number>;
    read: () => Promise<string>;
  }): Promise<TaggedText>;
}

/**
 * Pages of lists that are asked for again and again, as they were answered. A page is given from memory only when the
 * revision, read after it was asked for, is the one from before the page was read: whoever was answered that a change is
 * made sees it, whichever process they ask.
 */
export function createPageCache(mostCharacters = MOST_CHARACTERS): PageCache {
  const pages = new Map<string, Kept>();
  let characters = 0;

  const drop = (key: string): void => {
    characters -= pages.get(key)?.text.length ?? 0;
    pages.delete(key);
  };
  const keep = (key: string, page: Kept): void => {
    drop(key);
    pages.set(key, page);
    characters += page.text.length;
    // Those that were not asked for the longest are the first.
    for (const oldest of pages.keys()) {
      if (characters <= mostCharacters) return;
      drop(oldest);
    }
  };

  return {
    async get({ key, revision, read }) {
      const now = await revision();
      const known = pages.get(key);
      if (known?.revision === now && Date.now() - known.readAt < MOST_AGE_MS) {
        pages.delete(key);
        pages.set(key, known);
        return known;
      }
      const readAt = Date.now();
      const page = { ...taggedText(await read()), revision: now, readAt };
      keep(key, page);
      return page;
    },
  };
}
