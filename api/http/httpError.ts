import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A refusal that only HTTP knows: no class of AppError stands for it. */
export class HttpError extends Error {
  readonly status: ContentfulStatusCode;
  /** One word for programs. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    code: string,
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
