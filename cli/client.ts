import type { IncomingMessage, RequestOptions } from 'node:http';

import type { Problem } from '../core/errors.js';
import { ExitCode, exitCodeOfHttp } from './exitCodes.js';
import { limitedSignal } from './limitedSignal.js';

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
  /** @throws CliError for whatever is not a 2xx answer, and once the signal aborts. */
  getJson<T>(path: string, options?: { signal?: AbortSignal | undefined }): Promise<T>;
  getText(path: string): Promise<string>;
  /** A document as it is in a person's file. */
  send(
    method: 'POST' | 'DELETE',
    path: string,
    body?: { type: string; text: string },
  ): Promise<string>;
}

/** One of a stream of server-sent events. */
export interface ServerEvent {
  event: string;
  id?: string;
  data: string;
}

export interface EventsOptions {
  lastId?: string | undefined;
  signal: AbortSignal;
  /** Called for whatever comes, signs of life as well. */
  onHeard?: () => void;
}

export interface StreamingClient extends Client {
  /**
   * What comes after the event `lastId`, until the server ends the stream or the signal aborts.
   * @throws CliError as of any answer, and when the connection breaks or nothing comes over it for 45 seconds.
   */
  events(path: string, options: EventsOptions): AsyncIterable<ServerEvent>;
}

export interface ClientOptions {
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  ca?: string;
  timeoutMs?: number;
  /** How long a stream may say nothing. Default: 45 seconds. */
  idleMs?: number;
}

/** No answer of ours takes longer, a spec of 1,000 machines included. */
const TIMEOUT_MS = 30_000;
/** A stream has a sign of life every 15 seconds: where three are missing, nobody is there any more. */
const IDLE_MS = 45_000;

/** Over HTTP, with the key in `X-API-KEY`. */
export function createClient(
  server: string,
  apiKey: string,
  { ca, timeoutMs = TIMEOUT_MS, idleMs = IDLE_MS }: ClientOptions = {},
): StreamingClient {
  const open = async (path: string, options: Sending): Promise<IncomingMessage> => {
    const headers = { ...options.headers, 'x-api-key': apiKey };
    const trust = ca === undefined ? {} : { ca };
    return send(`${server}${path}`, { ...options, ...trust, headers });
  };
  const unreachable = (error: unknown): CliError =>
    new CliError(`${server} cannot be reached: ${reasonOf(error)}`, ExitCode.Unavailable);
  const ask = async (path: string, options: Sending = {}): Promise<string> => {
    let status: number;
    let text: string;
    const limit = limitedSignal(timeoutMs, options.signal);
    try {
      const headers = { ...options.headers, accept: 'application/json, */*' };
      const response = await open(path, { ...options, headers, signal: limit.signal });
      status = response.statusCode ?? 0;
      text = await textOf(response);
    } catch (error) {
      throw unreachable(error);
    } finally {
      limit.end();
    }
    if (status >= 200 && status < 300) return text;
    throw refused(status, text);
  };
  return {
    getJson: async <T>(path: string, { signal }: { signal?: AbortSignal | undefined } = {}) =>
      JSON.parse(await ask(path, signal === undefined ? {} : { signal })) as T,
    getText: (path) => ask(path),
    send: (method, path, body) =>
      ask(path, {
        method,
        ...(body === undefined ? {} : { body: body.text, headers: { 'content-type': body.type } }),
      }),
    async *events(path, { lastId, signal, onHeard = () => undefined }) {
      const idle = idleLimit(idleMs);
      const resume = lastId === undefined ? {} : { 'last-event-id': lastId };
      try {
        const headers = { accept: 'text/event-stream', ...resume };
        idle.begin();
        const either = AbortSignal.any([signal, idle.signal]);
        const response = await open(path, { headers, signal: either });
        const status = response.statusCode ?? 0;
        if (status !== 200) throw refused(status, await textOf(response));
        onHeard();
        for await (const event of serverEvents(response)) {
          // However long the reader takes over it, the server is not silent.
          idle.end();
          onHeard();
          if (event !== undefined) yield event;
          idle.begin();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CliError) throw error;
        throw unreachable(idle.signal.aborted ? `it said nothing for ${idleMs / 1000} s` : error);
      } finally {
        idle.end();
      }
    },
  };
}

type Sending = Omit<RequestOptions, 'headers'> & {
  headers?: Record<string, string>;
  body?: string;
  ca?: string;
};

/** By Node's own client: to load `fetch` takes as long as the whole request. */
async function send(url: string, { body, ...options }: Sending): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:')
    ? await import('node:https')
    : await import('node:http');
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function idleLimit(ms: number): { signal: AbortSignal; begin: () => void; end: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => clearTimeout(timer);
  return {
    signal: controller.signal,
    begin: () => {
      end();
      timer = setTimeout(() => controller.abort(), ms);
    },
    end,
  };
}

/** Events, and undefined for whatever comes: comments too are signs of life. */
async function* serverEvents(response: IncomingMessage): AsyncIterable<ServerEvent | undefined> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const text of response) {
    yield undefined;
    const blocks = `${rest}${text as string}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        // A dot would not match U+2028 and U+2029, which JSON leaves as they are.
        const [, name = '', value = ''] = /^([a-z]+): ?([^]*)$/.exec(line) ?? [];
        const before = fields.get(name);
        fields.set(name, before === undefined ? value : `${before}\n${value}`);
      }
      const [event, id, data] = [fields.get('event'), fields.get('id'), fields.get('data')];
      if (data === undefined) continue;
      yield { event: event ?? 'message', data, ...(id === undefined ? {} : { id }) };
    }
  }
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
