import type { Problem } from '../errors.js';
import { appendPath } from './path.js';

/**
 * A place in a document that nobody has checked yet. Rules read through it, so that they can speak beside the
 * schema's problems: what is missing or of the wrong type simply reads as absent.
 */
export interface Cursor {
  readonly value: unknown;
  readonly path: string;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function at(cursor: Cursor, ...keys: readonly string[]): Cursor {
  let { value, path } = cursor;
  for (const key of keys) {
    value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    path = appendPath(path, key);
  }
  return { value, path };
}

/** The elements of a list; none when it is no list. */
export function items(cursor: Cursor): Cursor[] {
  if (!Array.isArray(cursor.value)) return [];
  return cursor.value.map((value: unknown, index) => ({
    value,
    path: appendPath(cursor.path, index),
  }));
}

/** The members of a map; none when it is no map. */
export function members(cursor: Cursor): (Cursor & { readonly key: string })[] {
  if (!isRecord(cursor.value)) return [];
  return Object.entries(cursor.value).map(([key, value]) => ({
    key,
    value,
    path: appendPath(cursor.path, key),
  }));
}

export function text(cursor: Cursor): string | undefined {
  return typeof cursor.value === 'string' ? cursor.value : undefined;
}

/** The strings of a list, in order; what is no string is left out. */
export function texts(cursor: Cursor): string[] {
  return items(cursor).flatMap((item) => text(item) ?? []);
}

export function isTrue(cursor: Cursor): boolean {
  return cursor.value === true;
}

export function isGiven(cursor: Cursor): boolean {
  return cursor.value !== undefined;
}

export function problemAt(cursor: Cursor, message: string): Problem {
  return { path: cursor.path, message };
}
