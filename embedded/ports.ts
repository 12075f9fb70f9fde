import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from './freePort.js';

/** What the embedded servers listen on. */
export type PortName = 'temporal' | 'temporalUi' | 'mongo';

const FILE = 'ports.json';
/** Temporal's own default: where people look for its page. */
const PREFERRED: Partial<Record<PortName, number>> = { temporalUi: 8233 };

/**
 * The port of the last start where it is free, so that addresses stay the same over a restart; another one where
 * it is not. The choice is kept in the data directory.
 */
export async function choosePort(dataDir: string, name: PortName, host: string): Promise<number> {
  const kept = await readPorts(dataDir);
  const port = await portNear(host, kept[name] ?? PREFERRED[name]);
  if (kept[name] === port) return port;
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ ...kept, [name]: port })}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return port;
}

async function portNear(host: string, wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return freePort(host);
  return freePort(host, wanted).catch(() => freePort(host));
}

async function readPorts(dataDir: string): Promise<Partial<Record<PortName, number>>> {
  try {
    const text = await readFile(join(dataDir, FILE), 'utf8');
    return JSON.parse(text) as Partial<Record<PortName, number>>;
  } catch {
    return {};
  }
}
