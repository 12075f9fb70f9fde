import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../../core/errors.js';
import { tokenOf } from '../../web/sessions.js';
import { consoleFiles, type Encoding, type ServedFile } from '../../web/consoleFiles.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { encodingOf } from './encoding.js';
import { pageWithView } from './page.js';

/** Nothing but our own files and our own API; no inline script, no style but our own sheet; in nobody's frame. */
const policy = (styles: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${styles}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const pageHeaders = (styles = "'self'") => ({
  'content-security-policy': policy(styles),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // Asked for each time, and not sent again while it is the same: it names the files of this version.
  'cache-control': 'no-cache',
});

/** Asked for by who has no session: beside the page's script. */
const SESSION = '</console/session>; rel=preload; as=fetch; crossorigin';

/** The page, under each address that it shows something at, and the files that it is made of. */
export function consolePages(app: OpenAPIHono<ApiEnv>): void {
  for (const path of ['/', '/clusters/:project/:name']) {
    app.get(path, (c) =>
      tokenOf(c) === undefined
        ? answer(c, 'index.html', { ...pageHeaders(), link: SESSION })
        : pageWithView(app, c, pageHeaders),
    );
  }
  app.get('/assets/:file', (c) =>
    answer(c, c.req.param('file'), {
      'cache-control': 'public, max-age=31536000, immutable',
    }),
  );
}

async function fileOf(c: ApiContext, name: string): Promise<ServedFile> {
  const file = (await consoleFiles()).get(name);
  if (file === undefined || (name === 'index.html' && c.req.path.startsWith('/assets/'))) {
    throw new AppError(ErrorCode.NotFound, `the console has no file ${name}`);
  }
  return file;
}

async function answer(
  c: ApiContext,
  name: string,
  headers: Record<string, string>,
): Promise<Response> {
  const file = await fileOf(c, name);
  const encoding = encodingOf(c.req.header('accept-encoding') ?? '');
  const etag = `"${file.hash}${encoding === undefined ? '' : `.${encoding}`}"`;
  const all = {
    ...headers,
    etag,
    'content-type': file.type,
    vary: 'Accept-Encoding',
    'x-content-type-options': 'nosniff',
  };
  if (c.req.header('if-none-match')?.includes(etag) === true) return c.body(null, 304, all);
  return c.body(bytes(file, encoding), 200, {
    ...all,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  });
}

function bytes({ forms }: ServedFile, encoding: Encoding | undefined): Uint8Array<ArrayBuffer> {
  return new Uint8Array(forms[encoding ?? 'identity']);
}
