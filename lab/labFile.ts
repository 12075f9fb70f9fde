import { existsSync, readFileSync } from 'node:fs';
import { labPaths, type LabPaths } from './paths.js';

/** One machine, as somebody who connects to it needs to know it. */
export interface LabMachine {
  readonly name: string;
  readonly ip: string;
  /** Has sudo without a password; `root` accepts the same key. */
  readonly user: string;
  readonly hostKey: string;
  readonly fingerprint: string;
}

/** What `up` made. */
export interface Lab {
  readonly machines: readonly LabMachine[];
  readonly privateKeyPath: string;
  readonly bundle: string;
}

/**
 * The lab that is up.
 *
 * @throws Error when none is.
 */
export function readLab(paths: LabPaths = labPaths()): Lab {
  if (!existsSync(paths.labFile)) throw new Error('no lab is up: npm run lab -- up 3');
  return JSON.parse(readFileSync(paths.labFile, 'utf8')) as Lab;
}
