import { isRecord } from './cursor.js';

/** Maps whose keys people choose: there a null is a value, and a wrong one. */
const OF_PEOPLE: ReadonlySet<string> = new Set([
  ...['labels', 'annotations', 'nodeSelector', 'kubeletExtraArgs', 'extraArgs'],
]);

/**
 * The same document with every field left out that is null: generated clients send those for what was not set, and an
 * empty `labels:` of a YAML file is one, too (protobuf's JSON mapping has it so: https://protobuf.dev/programming-guides/json/).
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (inner === null) return [];
      return [[key, OF_PEOPLE.has(key) ? inner : withoutNulls(inner)] as const];
    }),
  );
}
