import { createHash } from 'node:crypto';

import type { ConsoleList, ConsoleListChange } from '../../core/consoleModel.js';
import type { ApiDeps } from '../deps.js';
import { createFeed, type Feed } from '../feed.js';
import { readConsoleList, type ListAsked } from './consoleList.js';

/** Of a row: 48 bits tell the versions of a hundred rows apart. */
const HASH_LENGTH = 8;

/** A page of the list at one moment, each part as it is sent. */
export interface ListMoment {
  /** The hashes of what is around the rows and of each row, in order: whoever tells the id of what they have gets what differs. */
  id: string;
  about: Part;
  rows: readonly (Part & { id: string })[];
}

interface Part {
  text: string;
  hash: string;
}

export type ListFeed = Feed<ListAsked, ListMoment>;

/** However many people look at the same page of the list, the store is asked once per interval. */
export function createListFeed(
  { store }: Pick<ApiDeps, 'store'>,
  options: { everyMs: number; onError: (error: unknown) => void },
): ListFeed {
  return createFeed(async (asked) => listMoment(await readConsoleList(store, asked)), options);
}

export function listMoment({ items, ...about }: ConsoleList): ListMoment {
  const around = part(about);
  const rows = items.map((row) => ({ id: row.id, ...part(row) }));
  return { id: [around, ...rows].map(({ hash }) => hash).join('.'), about: around, rows };
}

/** What is new to who has seen `last`: JSON of a ConsoleListChange. */
export function listChangeText({ about, rows }: ListMoment, last: string | undefined): string {
  const [around, ...seen] = last?.split('.') ?? [];
  const known = new Set(seen);
  const head: Omit<ConsoleListChange, 'about' | 'items'> = {
    now: new Date().toISOString(),
    order: rows.map(({ id }) => id),
  };
  const items = rows.filter(({ hash }) => !known.has(hash)).map(({ text }) => text);
  const news = around === about.hash ? '' : `,"about":${about.text}`;
  return `${JSON.stringify(head).slice(0, -1)}${news},"items":[${items.join(',')}]}`;
}

function part(of: object): Part {
  const text = JSON.stringify(of);
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH);
  return { text, hash };
}
