import type { Problem } from '../core/errors.js';
import { ExitCode, exitCodeOfHttp } from './exitCodes.js';

/** What the command line says when it ends with an error. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
    readonly problems: readonly Problem[] = [],
    /** The HTTP status, where the server answered. */
    readonly status?: number,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

export interface Client {
  /** @throws CliError for whatever is not a 2xx answer. */
  getJson<T>(path: string): Promise<T>;
  getText(path: string): Promise<string>;
  /** A document as it is in a person's file. */
  send(
    method: 'POST' | 'DELETE',
    path: string,
    body?: { type: string; text: string },
  ): Promise<string>;
}

/** No answer of ours takes longer, a spec of 1,000 machines included. */
const TIMEOUT_MS = 30_000;

/** Over HTTP, with the key in `X-API-KEY`. */
export function createClient(server: string, apiKey: string): Client {
  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const headers = new Headers(init.headers);
    headers.set('X-API-KEY', apiKey);
    const response = await reach(server, path, {
      ...init,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.ok) return text;
    throw refused(response.status, text);
  };
  return {
    getJson: async <T>(path: string) => JSON.parse(await ask(path)) as T,
    getText: (path) => ask(path),
    send: (method, path, body) =>
      ask(path, {
        method,
        ...(body === undefined ? {} : { body: body.text, headers: { 'content-type': body.type } }),
      }),
  };
}

async function reach(server: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${server}${path}`, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`${server} cannot be reached: ${reason}`, ExitCode.Unavailable);
  }
}

interface ErrorBody {
  message?: string;
  external?: string;
  details?: Problem[];
}

function refused(status: number, text: string): CliError {
  const body = parse(text);
  const message = body.message ?? body.external ?? (text.trim().slice(0, 500) || `HTTP ${status}`);
  return new CliError(message, exitCodeOfHttp(status), body.details ?? [], status);
}

function parse(text: string): ErrorBody {
  try {
    return JSON.parse(text) as ErrorBody;
  } catch {
    return {};
  }
}
