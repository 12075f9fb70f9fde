import {
  SNAPSHOT_ANNOTATIONS,
  SNAPSHOT_LIMITS,
  type SnapshotPolicy,
} from '../../snapshotPolicy.js';
import { parseWholeNumber } from '../../wholeNumber.js';
import { at, members, problemAt, text } from '../cursor.js';
import type { Rule } from './rule.js';

const NAMES = new Map(
  Object.entries(SNAPSHOT_ANNOTATIONS).map(([name, key]) => [key, name as keyof SnapshotPolicy]),
);
const PREFIX = 'plinth.io/etcd-snapshot';

/** How etcd is snapshotted is said by annotations, as whole numbers: a wrong one must not mean the default. */
export const snapshotsRule: Rule = (root) =>
  members(at(root, 'metadata', 'annotations')).flatMap((annotation) => {
    const name = NAMES.get(annotation.key as (typeof SNAPSHOT_ANNOTATIONS)[keyof SnapshotPolicy]);
    if (name === undefined) {
      if (!annotation.key.startsWith(PREFIX)) return [];
      return [problemAt(annotation, `is not known: there are ${[...NAMES.keys()].join(', ')}`)];
    }
    const value = text(annotation);
    const [least, most] = SNAPSHOT_LIMITS[name];
    if (value === undefined) return [];
    if (parseWholeNumber(value, [least, most]) !== undefined) return [];
    const limits = `a whole number from ${String(least)} to ${String(most)}`;
    return [problemAt(annotation, `must be ${limits}, as a text`)];
  });
