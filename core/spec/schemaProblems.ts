import type { z } from 'zod';
import type { Problem } from '../errors.js';
import { didYouMean } from './closest.js';
import { isWriteOnly } from '../specSecrets.js';
import { isRecord } from './cursor.js';
import { appendPath, formatPath } from './path.js';
import { unknownField } from './unknownField.js';

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
    const value = valueAt(raw, issue.path);
    return [{ path, message: saysSecret(issue, value) ?? messageFor(issue, value) }];
  });
}

/** What is wrong with a value that is not to be quoted: a password that YAML reads as a number is one all the same. */
function saysSecret(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  if (isScalar && isWriteOnly(issue.path.at(-1))) return 'must be a string: put it in quotes';
  // Somebody gives a key or an address with a password where its map belongs.
  if (typeof value === 'string' && MAPS_AND_LISTS.has(issue.expected)) {
    return `must be ${A[issue.expected] ?? issue.expected}, not a text`;
  }
  return undefined;
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

const MAPS_AND_LISTS: ReadonlySet<string> = new Set(['array', 'object', 'record']);

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
