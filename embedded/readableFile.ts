import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { z } from 'zod';

/** Absolute. */
export const folderOrFile = z.string().transform((path) => resolve(path));

/** The absolute path of a file that this process may read. */
export const readableFile = folderOrFile
  .refine(isFile, { error: 'no such file', abort: true })
  .refine(isReadable, { error: 'cannot be read by the user that plinth runs as', abort: true });

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // In a folder that is closed to us, say: nobody knows whether it is there, but reading it fails.
    return true;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
