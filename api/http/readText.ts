import { AppError, ErrorCode } from '../../core/errors.js';
import type { ApiContext } from '../env.js';
import { HttpError, HttpErrorCode } from './httpError.js';

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** What is read and thrown away of a body that is too large, so that the client gets to read the answer. */
const DRAIN_FACTOR = 16;

/**
 * The body as text, of `maxBytes` at most where that is less than any body may have.
 * @throws HttpError 413 for more than the limit, after draining it: a client that still sends when the
 * connection closes sees a reset instead of the answer. 415 for a compressed body. AppError InvalidRequest
 * when it is not UTF-8.
 */
export async function readText(c: ApiContext, maxBytes = Infinity): Promise<string> {
  const known = c.get('bodyText');
  if (known !== undefined) return known;
  const text = await readOnce(c, maxBytes);
  c.set('bodyText', text);
  return text;
}

async function readOnce(c: ApiContext, maxBytes: number): Promise<string> {
  const encoding = c.req.header('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new HttpError(
      415,
      HttpErrorCode.UnsupportedMediaType,
      `bodies are read uncompressed: remove content-encoding ${encoding}`,
    );
  }
  const limit = Math.min(maxBytes, c.var.deps.config.maxBodyBytes ?? DEFAULT_MAX_BYTES);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else if (size > limit * DRAIN_FACTOR) break;
  }
  if (size > limit) {
    throw new HttpError(
      413,
      HttpErrorCode.PayloadTooLarge,
      `the body is larger than ${String(limit)} bytes`,
      size > limit * DRAIN_FACTOR ? { connection: 'close' } : {},
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new AppError(ErrorCode.InvalidRequest, 'the body is not UTF-8 text', { cause });
  }
}
