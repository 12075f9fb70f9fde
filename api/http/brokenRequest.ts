import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';

import { ErrorCode } from '../../core/errors.js';
import { HttpError, HttpErrorCode } from './httpError.js';
import { errorAnswer } from './apiError.js';

/** What Node's parser says, where it is not just broken HTTP. */
const KNOWN: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: new HttpError(
    431,
    HttpErrorCode.HeadersTooLarge,
    'the headers are larger than 16 KiB',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError(
    408,
    HttpErrorCode.RequestTimeout,
    'the request did not come whole',
  ),
};
const BROKEN = new HttpError(
  400,
  ErrorCode.InvalidRequest,
  'this is not an HTTP request that can be read',
);

/** Answers what never becomes a request, as Node's own answer has no body; then the connection ends. */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = errorAnswer(KNOWN[error.code ?? ''] ?? BROKEN);
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${String(status)} ${body.internal}`,
      'content-type: application/json',
      `content-length: ${String(Buffer.byteLength(text))}`,
      `x-request-id: ${randomUUID()}`,
      'connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}
