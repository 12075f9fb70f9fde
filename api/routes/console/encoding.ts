import type { Encoding } from '../../web/consoleFiles.js';

/** The best of what a request accepts; undefined: as it is. */
export function encodingOf(accepted: string): Encoding | undefined {
  const refuses = (encoding: string): boolean =>
    new RegExp(`\\b${encoding}\\s*;\\s*q=0(\\.0*)?\\s*(,|$)`).test(accepted);
  return (['br', 'gzip'] as const).find(
    (encoding) => new RegExp(`\\b${encoding}\\b`).test(accepted) && !refuses(encoding),
  );
}
