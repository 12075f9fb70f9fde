import { expect } from 'vitest';

import { diffSnapshots, formatDifference, snapshotMachine } from '../../lab/lab.js';
import { EXCLUSIONS } from './exclusions.js';

/** Looks at machines before a cluster is made of them; what it gives expects that one is as it was then. */
export async function machinesFound(
  machines: readonly string[],
): Promise<(name: string) => Promise<void>> {
  const found = new Map(
    await Promise.all(machines.map(async (name) => [name, await snapshotMachine(name)] as const)),
  );
  return async (name) => {
    const known = found.get(name);
    if (known === undefined) throw new Error(`no snapshot of ${name}`);
    const left = diffSnapshots(known, await snapshotMachine(name), EXCLUSIONS);
    expect(left.map(formatDifference), `differences on ${name}`).toEqual([]);
  };
}
