import type { IncomingMessage, RequestOptions } from 'node:http';

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

export interface ClientOptions {
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  ca?: string;
  timeoutMs?: number;
}

/** No answer of ours takes longer, a spec of 1,000 machines included. */
const TIMEOUT_MS = 30_000;

/** Over HTTP, with the key in `X-API-KEY`. */
export function createClient(
  server: string,
  apiKey: string,
  { ca, timeoutMs = TIMEOUT_MS }: ClientOptions = {},
): Client {
  const ask = async (
    path: string,
    { method = 'GET', headers = {}, body }: { body?: string } & RequestOptions = {},
  ): Promise<string> => {
    const { status, text } = await exchange(`${server}${path}`, body, {
      method,
      headers: { ...headers, 'x-api-key': apiKey, accept: 'application/json, */*' },
      signal: AbortSignal.timeout(timeoutMs),
      ...(ca === undefined ? {} : { ca }),
    }).catch((error: unknown) => {
      throw new CliError(`${server} cannot be reached: ${reasonOf(error)}`, ExitCode.Unavailable);
    });
    if (status >= 200 && status < 300) return text;
    throw refused(status, text);
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

/** By Node's own client: to load `fetch` takes as long as the whole request. */
async function exchange(
  url: string,
  body: string | undefined,
  options: RequestOptions & { ca?: string },
): Promise<{ status: number; text: string }> {
  const { request } = url.startsWith('https:')
    ? await import('node:https')
    : await import('node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

function reasonOf(error: unknown): string {
  // Of a name with several addresses, each has a reason of its own.
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'AbortError') return 'it did not answer in time';
  return cause.message;
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
