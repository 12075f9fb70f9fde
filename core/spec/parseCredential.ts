import type { Problem } from '../errors.js';
import { at, isRecord, problemAt, text, type Cursor } from './cursor.js';
import { schemaProblems } from './schemaProblems.js';
import { credentialSchema } from './schema/credential.js';

/** Everything that is wrong with a Credential but for its key, which only SSH can read. Never throws, and quotes no key. */
export function credentialProblems(raw: unknown, project: string): Problem[] {
  if (!isRecord(raw)) {
    return [{ path: '', message: 'the body must be a Credential: a map with metadata and spec' }];
  }
  const root: Cursor = { value: raw, path: '' };
  return [
    ...schemaProblems(credentialSchema, raw),
    ...projectProblems(at(root, 'metadata', 'project'), project),
  ];
}

function projectProblems(cursor: Cursor, project: string): Problem[] {
  const given = text(cursor);
  if (given === undefined || given === project) return [];
  return [
    problemAt(cursor, `is ${JSON.stringify(given)}, but the URL says ${JSON.stringify(project)}`),
  ];
}
