import type { z } from 'zod';
import type { Problem } from '../errors.js';
import { didYouMean } from './closest.js';
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
