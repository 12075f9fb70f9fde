import { MongoError, MongoServerError } from 'mongodb';

import { AppError, ErrorCode } from '../core/errors.js';

const DUPLICATE_KEY = 11_000;

/** A unique index refused the write. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The text with whatever a connection string hides replaced: user and password of any `scheme://…@`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z0-9+]+:\/\/)[^/@\s]*@/gi, '$1***@');
}

/**
 * What the database did, in our words: Internal, hence worth trying again. The driver's error is not kept as
 * the cause: it may carry the connection string.
 */
export function databaseError(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  const what = withoutCredentials(error.message);
  return new AppError(ErrorCode.Internal, `the database (MongoDB) failed: ${error.name}: ${what}`);
}

/** The same object whose methods fail with AppErrors only. */
export function withDatabaseErrors<T extends object>(target: T): T {
  return new Proxy(target, {
    get(inner, property, receiver): unknown {
      const value: unknown = Reflect.get(inner, property, receiver);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return (await Reflect.apply(value, inner, args)) as unknown;
        } catch (error) {
          throw databaseError(error);
        }
      };
    },
  });
}
