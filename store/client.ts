import { MongoClient } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';
import { databaseError, withoutCredentials } from './databaseError.js';
import type { LogLimits } from './logStore.js';

const DEFAULT_DATABASE = 'plinth';
/** A person waits for the answer: five seconds say "not there" as well as thirty. */
const SERVER_SELECTION_TIMEOUT_MS = 5_000;
/** A frozen server must not hold requests and activities for ever. */
const SOCKET_TIMEOUT_MS = 20_000;

export interface StoreOptions {
  uri: string;
  /** Default: the one in the URI's path, else `plinth`. */
  database?: string;
  /** Default: 90 days, 256 MiB of a cluster. */
  logs?: Partial<LogLimits>;
}

/**
 * A connected client whose writes are acknowledged by a majority and on disk: what plinth answered 200 for
 * stays.
 * @throws AppError InvalidRequest for a malformed URI, Internal when no server answers within 5 s; neither
 * shows the URI's credentials.
 */
export async function connect({ uri }: StoreOptions): Promise<MongoClient> {
  const client = newClient(uri);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.close();
    throw databaseError(error);
  }
}

export function databaseName({ uri, database }: StoreOptions): string {
  const path = /^[a-z0-9+]+:\/\/[^/]*\/([^?]+)/i.exec(uri)?.[1];
  return database ?? (path === undefined ? DEFAULT_DATABASE : decodeURIComponent(path));
}

function newClient(uri: string): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'plinth',
      serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
      writeConcern: { w: 'majority', journal: true },
      readPreference: 'primary',
      ignoreUndefined: true,
    });
  } catch (error) {
    const reason = withoutCredentials(error instanceof Error ? error.message : String(error));
    throw new AppError(ErrorCode.InvalidRequest, `MONGODB_URI is not usable: ${reason}`);
  }
}
