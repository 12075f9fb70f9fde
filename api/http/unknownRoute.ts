import { AppError, ErrorCode } from '../../core/errors.js';
import type { ApiContext } from '../env.js';
import { HttpError, HttpErrorCode } from './httpError.js';

interface KnownRoute {
  method: string;
  path: string;
}

/**
 * Why nothing answers here: the path is unknown, or it is known with other methods.
 * @throws always: AppError NotFound, or HttpError 405 with `Allow`.
 */
export function unknownRoute(c: ApiContext, routes: readonly KnownRoute[]): never {
  const path = c.req.path.replace(/(?<=.)\/$/, '');
  const methods = routes
    .filter((route) => route.method !== 'ALL' && patternOf(route.path).test(path))
    .map((route) => route.method);
  if (methods.length === 0) {
    throw new AppError(ErrorCode.NotFound, `there is nothing at ${path}: see /swagger`);
  }
  // HEAD is answered wherever GET is.
  if (methods.includes('GET')) methods.push('HEAD');
  const allowed = [...new Set(methods)].toSorted();
  throw new HttpError(
    405,
    HttpErrorCode.MethodNotAllowed,
    `${c.req.method} is not possible here: ${allowed.join(', ')}`,
    { allow: allowed.join(', ') },
  );
}

function patternOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : escape(part)))
    .join('/');
  return new RegExp(`^${source}$`);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
