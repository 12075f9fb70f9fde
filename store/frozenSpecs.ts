import type { ClusterSpec } from '../core/cluster.js';

/** A spec of a thousand nodes is half a million: as objects they take about three times as much. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** Specs that never change, parsed once for all who ask: a thousand nodes' steps do. */
export interface FrozenSpecs {
  get(tasksetId: string): ClusterSpec | undefined;
  put(tasksetId: string, text: string): ClusterSpec;
}

/** Bounded by the length of their texts: those that nobody has asked for longest go first. */
export function createFrozenSpecs(mostCharacters = MOST_CHARACTERS): FrozenSpecs {
  const known = new Map<string, { spec: ClusterSpec; length: number }>();
  let characters = 0;
  const drop = (tasksetId: string): void => {
    characters -= known.get(tasksetId)?.length ?? 0;
    known.delete(tasksetId);
  };
  return {
    get(tasksetId) {
      const found = known.get(tasksetId);
      if (found === undefined) return undefined;
      known.delete(tasksetId);
      known.set(tasksetId, found);
      return found.spec;
    },
    put(tasksetId, text) {
      drop(tasksetId);
      const spec = frozen(JSON.parse(text) as ClusterSpec);
      known.set(tasksetId, { spec, length: text.length });
      characters += text.length;
      for (const oldest of known.keys()) {
        if (characters <= mostCharacters) break;
        drop(oldest);
      }
      return spec;
    },
  };
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}
