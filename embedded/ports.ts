import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from './freePort.js';

/** Where the embedded servers listen. */
export interface Ports {
  temporal: number;
  temporalUi: number;
  mongo: number;
}

const FILE = 'ports.json';
/** Temporal's own default: where people look for its page. */
const UI_PORT = 8233;

/**
 * The ports of the last start where they are free, so that addresses stay the same over a restart; others
 * where they are not. The choice is kept in the data directory.
 */
export async function choosePorts(dataDir: string, host: string): Promise<Ports> {
  const kept = await readPorts(dataDir);
  const ports: Ports = {
    temporal: await portNear(host, kept.temporal),
    temporalUi: await portNear(host, kept.temporalUi ?? UI_PORT),
    mongo: await portNear(host, kept.mongo),
  };
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(ports)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return ports;
}

async function portNear(host: string, wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return freePort(host);
  return freePort(host, wanted).catch(() => freePort(host));
}

async function readPorts(dataDir: string): Promise<Partial<Ports>> {
  try {
    return JSON.parse(await readFile(join(dataDir, FILE), 'utf8')) as Partial<Ports>;
  } catch {
    return {};
  }
}
