import { SNAPSHOT_SECTIONS, type MachineSnapshot, type SnapshotSection } from './snapshot.js';

/** Something that is different and was there, is there, or both. */
export interface Difference {
  readonly section: SnapshotSection;
  readonly key: string;
  readonly before?: string;
  readonly after?: string;
}

/** A difference that is accepted, and why. */
export interface Exclusion {
  readonly section: SnapshotSection;
  /** An entry's exact name; ending in `/`, a folder and all below it. */
  readonly key: string;
  readonly reason: string;
}

/** What differs between two snapshots, but for the exclusions, in the order of the sections. */
export function diffSnapshots(
  before: MachineSnapshot,
  after: MachineSnapshot,
  exclusions: readonly Exclusion[] = [],
): Difference[] {
  return SNAPSHOT_SECTIONS.flatMap((section) => {
    const excluded = exclusions.filter((exclusion) => exclusion.section === section);
    const keys = new Set([...Object.keys(before[section]), ...Object.keys(after[section])]);
    return [...keys]
      .sort()
      .filter((key) => !excluded.some((exclusion) => matches(exclusion.key, key)))
      .flatMap((key) => difference(section, key, before[section][key], after[section][key]));
  });
}

/** A difference as one line, for a test's message. */
export function formatDifference({ section, key, before, after }: Difference): string {
  if (before === undefined) return `${section}: + ${key} (${after ?? ''})`;
  if (after === undefined) return `${section}: - ${key} (${before})`;
  return `${section}: ${key}: ${before} => ${after}`;
}

function matches(pattern: string, key: string): boolean {
  if (!pattern.endsWith('/')) return key === pattern;
  return key.startsWith(pattern) || key === pattern.slice(0, -1);
}

function difference(
  section: SnapshotSection,
  key: string,
  before: string | undefined,
  after: string | undefined,
): Difference[] {
  if (before === after) return [];
  return [
    {
      section,
      key,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
}
