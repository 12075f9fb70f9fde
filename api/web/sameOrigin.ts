import { CONSOLE_HEADER } from '../../core/consoleHeader.js';
import { AppError, ErrorCode } from '../../core/errors.js';
import type { ApiContext } from '../env.js';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets in requests of the console's own pages only; for whatever is authenticated by a cookie, which browsers send by
 * themselves. `Sec-Fetch-Site` decides where there is one: pages cannot set it. Browsers leave it out over plain HTTP to
 * another computer: then `Origin` has to be ours. Changes need our header as well, which nobody else's page can send
 * without being asked first.
 * @throws AppError Forbidden
 */
export function enforceSameOrigin(c: ApiContext): void {
  const reads = READING.has(c.req.method);
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const isOurs =
    site === undefined
      ? origin === undefined
        ? reads
        : isOurOrigin(c, origin)
      : site === 'same-origin';
  if (!isOurs) throw forbidden('this did not come from a page of the console');
  if (!reads && c.req.header(CONSOLE_HEADER) === undefined) {
    throw forbidden(`a change with the console's cookie needs the header ${CONSOLE_HEADER}`);
  }
}

/** The browser is talking TLS, to us or to a proxy in front of us. */
export function isSecure(c: ApiContext): boolean {
  const { url } = c.var.deps.config;
  const origin = c.req.header('origin');
  if (origin !== undefined) return origin.startsWith('https:');
  if (c.req.url.startsWith('https:')) return true;
  return url.startsWith('https:') && new URL(url).host === c.req.header('host');
}

/** By the name that the browser asked for, or, behind a proxy that changes it, by PLINTH_URL. */
function isOurOrigin(c: ApiContext, origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const own = new URL(c.var.deps.config.url);
  return new URL(origin).host === c.req.header('host') || origin === own.origin;
}

function forbidden(message: string): AppError {
  return new AppError(ErrorCode.Forbidden, message);
}
