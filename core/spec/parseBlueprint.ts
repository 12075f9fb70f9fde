import { NEWEST_VERSION, type Blueprint } from '../blueprints.js';
import type { Problem } from '../errors.js';
import { SERVER_METADATA } from '../serverMetadata.js';
import { at, isGiven, isRecord, problemAt, text, type Cursor } from './cursor.js';
import { addonProblems } from './rules/addons.js';
import { blueprintSchema } from './schema/blueprint.js';
import { schemaProblems } from './schemaProblems.js';

/**
 * Everything that is wrong with a Blueprint but for the contents of its add-ons (rules/contents): its shape, and what
 * must hold between fields. Never throws.
 */
export function blueprintProblems(raw: unknown, project: string): Problem[] {
  if (!isRecord(raw)) {
    return [{ path: '', message: 'the body must be a Blueprint: a map with apiVersion, kind, …' }];
  }
  const root: Cursor = { value: raw, path: '' };
  return [
    ...schemaProblems(blueprintSchema, raw),
    ...projectProblems(at(root, 'metadata', 'project'), project),
    ...versionProblems(at(root, 'spec', 'version')),
    ...addonProblems(root),
  ];
}

/** One problem a place and message, in the order of paths. */
export function sortedProblems(found: readonly Problem[]): Problem[] {
  const unique = new Map(found.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  const collator = new Intl.Collator('en', { numeric: true });
  return [...unique.values()].toSorted((a, b) => collator.compare(a.path, b.path));
}

/** A Blueprint that has no problems, without `status` and what the server sets; nothing else is changed. */
export function acceptedBlueprint(raw: unknown, project: string): Blueprint {
  const { apiVersion, kind, metadata, spec } = structuredClone(raw as Blueprint);
  const own = Object.entries(metadata).filter(([key]) => !SERVER_METADATA.has(key));
  return {
    apiVersion,
    kind,
    metadata: { ...(Object.fromEntries(own) as unknown as Blueprint['metadata']), project },
    spec,
  };
}

function versionProblems(cursor: Cursor): Problem[] {
  if (text(cursor) !== NEWEST_VERSION) return [];
  return [
    problemAt(
      cursor,
      `${NEWEST_VERSION} is how clusters name the newest version: give another word`,
    ),
  ];
}

function projectProblems(cursor: Cursor, project: string): Problem[] {
  const given = text(cursor);
  if (!isGiven(cursor) || given === undefined || given === project) return [];
  return [
    problemAt(cursor, `is ${JSON.stringify(given)}, but the URL says ${JSON.stringify(project)}`),
  ];
}
