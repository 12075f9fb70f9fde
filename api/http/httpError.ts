import type { ContentfulStatusCode } from 'hono/utils/http-status';

import type { ErrorCode } from '../../core/errors.js';

/** What only HTTP refuses; everything else is one of `ErrorCode`. Each has its row in docs/troubleshooting.md. */
export const HttpErrorCode = {
  MethodNotAllowed: 'MethodNotAllowed',
  RequestTimeout: 'RequestTimeout',
  PayloadTooLarge: 'PayloadTooLarge',
  UnsupportedMediaType: 'UnsupportedMediaType',
  IdempotencyKeyReused: 'IdempotencyKeyReused',
  TooManyRequests: 'TooManyRequests',
  HeadersTooLarge: 'HeadersTooLarge',
} as const;
export type HttpErrorCode = (typeof HttpErrorCode)[keyof typeof HttpErrorCode];

/** A refusal that only HTTP knows: no class of AppError stands for it. */
export class HttpError extends Error {
  readonly status: ContentfulStatusCode;
  /** One word for programs. */
  readonly code: HttpErrorCode | typeof ErrorCode.InvalidRequest;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    code: HttpErrorCode | typeof ErrorCode.InvalidRequest,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
