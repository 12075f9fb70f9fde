import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { AppError, ErrorCode } from '../core/errors.js';

/**
 * Below the kernel's range for outgoing connections (32768 on), above what services register: a port chosen
 * here is still free when its server is started again.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 100;

/**
 * The wanted port, or one that nobody listens on; another process may still take it a moment later.
 * @throws AppError Conflict when the wanted one cannot be listened on.
 */
export async function freePort(host: string, wanted?: number): Promise<number> {
  let cause: unknown;
  for (let attempt = 0; attempt < (wanted === undefined ? TRIES : 1); attempt += 1) {
    const port = wanted ?? randomInt(LOWEST, HIGHEST);
    cause = await tryListening(host, port);
    if (cause === undefined) return port;
  }
  const where = wanted === undefined ? host : `${host} port ${String(wanted)}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new AppError(ErrorCode.Conflict, `cannot listen on ${where}: ${reason}`, { cause });
}

/** What is in the way; undefined when nothing is. */
async function tryListening(host: string, port: number): Promise<unknown> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    return error;
  }
  await new Promise((resolve) => server.close(resolve));
  return undefined;
}
