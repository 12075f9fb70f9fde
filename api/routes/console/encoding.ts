import type { Encoding } from '../../web/consoleFiles.js';

/** The best of what a request accepts; undefined: as it is. */
export function encodingOf(accepted: string): Encoding | undefined {
  return (['br', 'gzip'] as const).find((encoding) => accepts(accepted, encoding));
}

/** By a request's `Accept-Encoding`. */
export function accepts(accepted: string, encoding: Encoding): boolean {
  const refuses = new RegExp(`\\b${encoding}\\s*;\\s*q=0(\\.0*)?\\s*(,|$)`).test(accepted);
  return new RegExp(`\\b${encoding}\\b`).test(accepted) && !refuses;
}
