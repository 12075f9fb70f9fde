import { readFileSync } from 'node:fs';

/** Put here when the command line is bundled; run from its sources, it reads the package's. */
declare const PLINTH_VERSION: string | undefined;

export const VERSION = typeof PLINTH_VERSION === 'string' ? PLINTH_VERSION : ofPackage();

function ofPackage(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
