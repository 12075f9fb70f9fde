import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { AppError, ErrorCode } from '../core/errors.js';

/**
 * The wanted port, or one that nobody listens on; another process may still take it a moment later.
 * @throws AppError Conflict when the wanted one cannot be listened on.
 */
export async function freePort(host: string, wanted?: number): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted ?? 0, host, resolve);
    });
  } catch (cause) {
    const where = wanted === undefined ? host : `${host} port ${String(wanted)}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(ErrorCode.Conflict, `cannot listen on ${where}: ${reason}`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
