import { isWriteOnly } from './specSecrets.js';
import { stableJson } from './stableJson.js';

/** What a list's items are known by, so that their order says nothing. */
const NAMED_BY = ['hostname', 'name', 'key'] as const;
const LONGEST_PATH = 120;

/**
 * Where two documents differ, as paths, the same ones always: `spec.config.nodes["m2"].labels.app`. Never a value. What
 * is new or gone as a whole is one path.
 */
export function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  if (stableJson([before]) === stableJson([after])) return [];
  const [left, right] = [membersOf(before), membersOf(after)];
  if (left === undefined || right === undefined || isWriteOnly(lastOf(path))) return [shown(path)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .toSorted()
    .flatMap((key) => changedPaths(left.get(key), right.get(key), path + key))
    .map((each) => each.replace(/^\./, ''));
}

/** By what stands for them in a path; undefined for what has none. */
function membersOf(value: unknown): Map<string, unknown> | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (!Array.isArray(value)) {
    return new Map(Object.entries(value).map(([key, each]) => [`.${key}`, each]));
  }
  const items = value as unknown[];
  const names = items.map(nameOf);
  const areNames =
    names.every((name) => name !== undefined) && new Set(names).size === names.length;
  return new Map(
    items.map((item, index) => [
      areNames ? `[${JSON.stringify(names[index])}]` : `[${String(index)}]`,
      item,
    ]),
  );
}

function nameOf(item: unknown): string | undefined {
  if (item === null || typeof item !== 'object') return undefined;
  const fields = item as Record<string, unknown>;
  return NAMED_BY.map((key) => fields[key]).find((each) => typeof each === 'string');
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function shown(path: string): string {
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path;
}

/** As many as a person reads. */
const IN_TEXT = 20;

export function pathsText(paths: readonly string[]): string {
  const more = paths.length - IN_TEXT;
  return paths.slice(0, IN_TEXT).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}
