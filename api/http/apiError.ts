import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

import { AppError, ErrorCode, type Problem } from '../../core/errors.js';
import { withoutKeys } from '../auth/apiKey.js';
import { HttpError } from './httpError.js';

/** The body of every error. `code`, `external` and `internal` are what clients of the V3 API know. */
export interface ApiError {
  /** The HTTP status. */
  code: number;
  /** What went wrong, whole, problems included: some clients show only this. */
  external: string;
  /** The class of the error, in one word. */
  internal: string;
  message: string;
  /** Every problem of a refused request, each with the path in the document. */
  details: Problem[];
}

export interface ErrorAnswer {
  status: ContentfulStatusCode;
  body: ApiError;
  headers: Readonly<Record<string, string>>;
}

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  [ErrorCode.InvalidRequest]: 400,
  [ErrorCode.Unauthorized]: 401,
  [ErrorCode.Forbidden]: 403,
  [ErrorCode.NotFound]: 404,
  [ErrorCode.Conflict]: 409,
  [ErrorCode.ConnectionLost]: 503,
  [ErrorCode.Busy]: 503,
};

const RETRY_SOON = { 'retry-after': '5' };
/** A text that a person reads in a terminal: the rest is in `details`. */
const PROBLEMS_IN_TEXT = 20;

/** What is answered for an error. Nothing of an unexpected one but that it happened: the log has it all. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof HttpError) {
    return answer(error.status, error.code, error.message, [], error.headers);
  }
  if (error instanceof HTTPException && error.status < 500) {
    const status = error.status;
    return answer(status, ErrorCode.InvalidRequest, error.message);
  }
  if (error instanceof AppError) {
    const status = STATUS[error.code] ?? 500;
    if (status < 500) return answer(status, error.code, error.message, error.problems);
    if (status === 503) return answer(status, error.code, error.message, [], RETRY_SOON);
  }
  return answer(
    500,
    ErrorCode.Internal,
    'an unexpected error: the log has it under the request id',
  );
}

function answer(
  status: ContentfulStatusCode,
  internal: string,
  text: string,
  problems: readonly Problem[] = [],
  headers: Readonly<Record<string, string>> = {},
): ErrorAnswer {
  const message = withoutKeys(text);
  const details = problems.map(({ path, message: said }) => ({ path, message: withoutKeys(said) }));
  return {
    status,
    headers,
    body: {
      code: status,
      external: withProblems(message, details),
      internal,
      message,
      details,
    },
  };
}

function withProblems(message: string, problems: readonly Problem[]): string {
  if (problems.length === 0) return message;
  const shown = problems
    .slice(0, PROBLEMS_IN_TEXT)
    .map(({ path, message: text }) => (path === '' ? text : `${path}: ${text}`));
  const more = problems.length - shown.length;
  return `${message}: ${shown.join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}`;
}
