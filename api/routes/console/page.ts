import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ConsoleFirst } from '../../../core/consoleModel.js';
import { themeIn, type Theme } from '../../../core/consoleTheme.js';
import { consolePaint } from '../../web/consoleFiles.js';
import { pageParts } from '../../web/pageParts.js';
import type { ApiContext, ApiEnv } from '../../env.js';
import { accepts } from './encoding.js';
import { firstView } from './firstView.js';

/**
 * The page of somebody with a session's cookie: its head is sent at once, and once that is known follow what it shows first,
 * as elements, and the data they were made of.
 *
 * @param headers by the sources of its styles
 */
export async function pageWithView(
  app: OpenAPIHono<ApiEnv>,
  c: ApiContext,
  headers: (styles: string) => Record<string, string>,
): Promise<Response> {
  const first = firstView(app, c);
  const theme = themeIn(c.req.header('cookie') ?? '');
  const { head, middle, tail, styles } = (await pageParts())[isList(c) ? 'shown' : 'plain'];
  const parts = async function* (): AsyncGenerator<string> {
    yield head.replace('<html', `<html data-theme="${theme}"`);
    const known = await first;
    // Its text ends no script and begins no comment.
    const json = JSON.stringify(known ?? null).replaceAll('<', '\\u003c');
    const data = `<script type="application/json" id="first">${json}</script>`;
    yield `${await view(c, known, theme)}${middle}${data}${tail}`;
  };
  const zips = accepts(c.req.header('accept-encoding') ?? '', 'gzip');
  return c.body(zips ? gzipped(parts()) : plain(parts()), 200, {
    ...headers(styles),
    // It is one person's, and of one moment.
    'cache-control': 'private, no-store',
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    vary: 'Accept-Encoding',
    ...(zips ? { 'content-encoding': 'gzip' } : {}),
  });
}

/** Of a list with clusters in it; else nothing, and the script shows what there is. */
async function view(c: ApiContext, first: ConsoleFirst | undefined, theme: Theme): Promise<string> {
  // What the page says where there is no cluster yet names its address, as the browser knows it.
  const isSeen = first?.list === undefined || first.list.value.items.length > 0;
  if (first?.session.user === undefined || !isList(c) || !isSeen) return '';
  try {
    const { pathname, search } = new URL(c.req.url);
    const paint = await consolePaint();
    return paint(first, { pathname, search, theme });
  } catch (error) {
    // The script paints it.
    const { log } = c.var.deps;
    log.warn({ err: error, requestId: c.get('requestId') }, 'the page was sent without its view');
    return '';
  }
}

function isList(c: ApiContext): boolean {
  return c.req.path === '/';
}

function plain(parts: AsyncIterable<string>): ReadableStream {
  return ReadableStream.from(parts).pipeThrough(new TextEncoderStream());
}

/** Each part is sent as soon as it is there. */
function gzipped(parts: AsyncIterable<string>): ReadableStream {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  pipeline(Readable.from(parts), gzip, () => undefined);
  return Readable.toWeb(gzip) as ReadableStream;
}
