import type { Problem } from '../errors.js';
import { at, problemAt } from './cursor.js';
import type { Rule } from './rules/rule.js';

interface Unsupported {
  path: readonly string[];
  /** The values that are refused. */
  refuses: (value: unknown) => boolean;
  message: string;
}

const CILIUM = 'cilium';

/** What the V3 API knows and plinth does not act on: refused, never accepted and ignored. */
const UNSUPPORTED: readonly Unsupported[] = [
  {
    path: ['spec', 'config', 'network', 'cni', 'name'],
    refuses: (value) => typeof value === 'string' && isUnsupportedCni(value),
    message: 'Cilium is not supported yet: use "Calico"',
  },
];

/** Cilium, however it is written: it has a refusal of its own. */
export function isUnsupportedCni(name: string): boolean {
  return name.toLowerCase() === CILIUM;
}

export const unsupportedRule: Rule = (root) =>
  UNSUPPORTED.flatMap(({ path, refuses, message }): Problem[] =>
    [at(root, ...path)]
      .filter(({ value }) => value !== undefined && refuses(value))
      .map((cursor) => problemAt(cursor, message)),
  );
