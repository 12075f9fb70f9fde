import { z } from 'zod';
import type { Problem } from '../errors.js';
import { didYouMean } from './closest.js';
import { isRecord } from './cursor.js';
import { appendPath, formatPath } from './path.js';

/**
 * Everything of `raw` that is not as the schema has it, one problem per place, in words: what is there, and what
 * may be. Unknown fields are problems of their own path.
 */
export function schemaProblems(schema: z.ZodType, raw: unknown): Problem[] {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = formatPath(issue.path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: appendPath(path, key),
        message: unknownField(key, schema, issue.path),
      }));
    }
    return [{ path, message: messageFor(issue, valueAt(raw, issue.path)) }];
  });
}

function messageFor(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, value);
    case 'invalid_value':
      return wrongValue(issue.values.map(String), value);
    case 'too_small':
      return tooSmall(issue.origin, issue.minimum);
    case 'too_big':
      return tooBig(issue.origin, issue.maximum);
    default:
      return issue.message;
  }
}

const A: Readonly<Record<string, string>> = {
  string: 'a string',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function wrongType(expected: string, value: unknown): string {
  const wanted = A[expected] ?? expected;
  if (value === undefined) return `is missing: give ${wanted}`;
  if (value === null) return `is empty: give ${wanted}, or leave the field out`;
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `must be a string, in quotes: ${JSON.stringify(String(value))}`;
  }
  return `must be ${wanted}, not ${kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return JSON.stringify(value);
}

function wrongValue(allowed: string[], value: unknown): string {
  const wanted = allowed.map((each) => JSON.stringify(each)).join(', ');
  const must = allowed.length === 1 ? `must be ${wanted}` : `must be one of ${wanted}`;
  if (value === undefined) return `is missing: it ${must}`;
  if (typeof value !== 'string') return `${must}, not ${kindOf(value)}`;
  return `${must}, not ${JSON.stringify(value)}${didYouMean(value, allowed)}`;
}

function tooSmall(origin: string, minimum: number | bigint): string {
  if (origin === 'array') return 'is an empty list: give at least one';
  if (origin === 'string') return 'is an empty string: give a value, or leave the field out';
  return `must be ${minimum} or more`;
}

function tooBig(origin: string, maximum: number | bigint): string {
  if (origin === 'array') return `has too many entries: at most ${maximum}`;
  if (origin === 'string') return `is too long: at most ${maximum} characters`;
  return `must be ${maximum} or less`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return (value as unknown[])[Number(part)];
    return isRecord(value) ? value[String(part)] : undefined;
  }, raw);
}

function unknownField(key: string, root: z.ZodType, path: readonly PropertyKey[]): string {
  const here = knownKeys(descend(root, path));
  const near = didYouMean(key, here);
  if (near !== '') return `unknown field${near}`;
  const elsewhere = placesOf(root).get(key) ?? [];
  if (elsewhere.length > 0) return `unknown field here: it belongs to ${elsewhere.join(' or ')}`;
  return `unknown field; known here: ${here.join(', ')}`;
}

function knownKeys(schema: z.ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape as object) : [];
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap() as z.ZodType) : schema;
}

function descend(root: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((outer, part) => {
    const schema = unwrap(outer);
    if (schema instanceof z.ZodArray) return unwrap(schema.element as z.ZodType);
    if (!(schema instanceof z.ZodObject)) return undefined;
    return unwrap((schema.shape as Record<string, z.ZodType>)[String(part)]);
  }, root);
}

const placesCache = new WeakMap<z.ZodType, ReadonlyMap<string, string[]>>();

/** Every key of the schema → the maps it belongs to, the outermost first. */
function placesOf(root: z.ZodType): ReadonlyMap<string, readonly string[]> {
  const known = placesCache.get(root);
  if (known) return known;
  const places = new Map<string, string[]>();
  const level: { schema: z.ZodType | undefined; path: string }[] = [{ schema: root, path: '' }];
  for (const { schema: outer, path } of level) {
    const schema = unwrap(outer);
    if (schema instanceof z.ZodArray) {
      level.push({ schema: schema.element as z.ZodType, path: `${path}[]` });
    } else if (schema instanceof z.ZodObject) {
      for (const [key, inner] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
        if (path !== '') places.set(key, [...(places.get(key) ?? []), path]);
        level.push({ schema: inner, path: appendPath(path, key) });
      }
    }
  }
  placesCache.set(root, places);
  return places;
}
