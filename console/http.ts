import { CONSOLE_HEADER } from '../core/consoleHeader.js';

/** One problem of a refused request. */
export interface Problem {
  path: string;
  message: string;
}

/** An answer that is no success; status 0: there was none. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: readonly Problem[] = [],
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export interface Sent {
  method?: 'GET' | 'POST' | 'DELETE';
  json?: unknown;
  yaml?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Called when the session is over. */
let onLoggedOut: () => void = () => undefined;

export function whenLoggedOut(handler: () => void): void {
  onLoggedOut = handler;
}

/** Asks our own API with the session's cookie. @throws Refusal for whatever is not a 2xx answer */
export async function ask(path: string, sent: Sent = {}): Promise<Response> {
  const { method = 'GET', json, yaml, headers, signal } = sent;
  const body = yaml ?? (json === undefined ? undefined : JSON.stringify(json));
  const type = yaml === undefined ? 'application/json' : 'application/yaml';
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        [CONSOLE_HEADER]: '1',
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
      credentials: 'same-origin',
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Refusal(0, 'the server does not answer');
  }
  if (answer.ok) return answer;
  const refusal = await refusalOf(answer);
  if (answer.status === 401 && path !== '/console/session') onLoggedOut();
  throw refusal;
}

export async function askJson<T>(path: string, sent?: Sent): Promise<T> {
  return (await (await ask(path, sent)).json()) as T;
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const text = await answer.text();
  try {
    const { message, details } = JSON.parse(text) as { message?: string; details?: Problem[] };
    return new Refusal(answer.status, message ?? answer.statusText, details ?? []);
  } catch {
    return new Refusal(answer.status, `the server answered ${String(answer.status)}`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
