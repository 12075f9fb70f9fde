import { join } from 'node:path';

/** Where everything of the lab lies on the host. */
export interface LabPaths {
  readonly root: string;
  /** Survives every `down`. */
  readonly cache: string;
  readonly base: string;
  readonly bundle: string;
  readonly privateKey: string;
  readonly labFile: string;
  readonly machines: string;
}

/** The lab's places below `PLINTH_LAB`, `/var/lib/plinth-lab` when it is not set. */
export function labPaths(root = process.env['PLINTH_LAB'] ?? '/var/lib/plinth-lab'): LabPaths {
  return {
    root,
    cache: join(root, 'cache'),
    base: join(root, 'cache', 'base'),
    bundle: join(root, 'bundle'),
    privateKey: join(root, 'id_ed25519'),
    labFile: join(root, 'lab.json'),
    machines: join(root, 'machines'),
  };
}
