import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { machinesWithCgroups } from './cgroups.js';
import type { LabPaths } from './paths.js';

/** Names the PLINTH_LAB whose machines use the bridge: there is one bridge, but may be many folders. */
const CLAIM = '/run/plinth-lab/root';

/**
 * Records that the machines on this host are those of `paths`.
 *
 * @throws Error while machines of another folder are running.
 */
export function claimHost(paths: LabPaths): void {
  const other = claimedRoot();
  if (other !== undefined && other !== paths.root && machinesWithCgroups().length > 0) {
    throw new Error(`another lab is up in ${other}: PLINTH_LAB=${other} npm run lab -- down`);
  }
  mkdirSync(dirname(CLAIM), { recursive: true });
  writeFileSync(CLAIM, paths.root);
}

/** Gives the host back. */
export function unclaimHost(): void {
  rmSync(CLAIM, { force: true });
}

function claimedRoot(): string | undefined {
  try {
    return readFileSync(CLAIM, 'utf8');
  } catch {
    return undefined;
  }
}
