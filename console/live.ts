import { ask, Refusal } from './http.js';

export interface LiveEvent {
  event: string;
  id: string;
  data: string;
}

export interface LiveHandlers {
  onEvent: (event: LiveEvent) => void;
  /** Whether the stream is open: what is shown may be old where it is not. */
  onState: (open: boolean) => void;
  /** The server says that there is nothing to follow: no more attempts are made. */
  onRefused: (refusal: Refusal) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
/** The server gives a sign of life every 15 seconds: where three are missing, nobody is there any more. */
const IDLE_MS = 45_000;

/**
 * Follows a stream of server-sent events until what is returned is called. A stream that breaks, or says nothing for 45
 * seconds, is opened again with
 * `Last-Event-ID`, and so goes on after what was seen; a hidden page closes it and opens it when it is seen again:
 * browsers have few connections to a server. `seen` is the id of the event that the page has begun with.
 */
export function follow(path: string, handlers: LiveHandlers, seen?: string): () => void {
  let last = seen;
  let stopped = false;
  let current: AbortController | undefined;
  let wake: () => void = () => undefined;

  const run = async (): Promise<void> => {
    let wait = FIRST_WAIT_MS;
    while (!isStopped()) {
      if (document.hidden) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const attempt = new AbortController();
      current = attempt;
      const heard = (): void => {
        clearTimeout(silent);
        silent = setTimeout(() => attempt.abort(), IDLE_MS);
      };
      let silent: ReturnType<typeof setTimeout> | undefined;
      heard();
      try {
        await read(attempt.signal, heard, () => (wait = FIRST_WAIT_MS));
      } catch (error) {
        if (isStopped()) return;
        if (
          error instanceof Refusal &&
          error.status >= 400 &&
          error.status < 500 &&
          error.status !== 429
        ) {
          handlers.onRefused(error);
          return;
        }
      } finally {
        clearTimeout(silent);
      }
      if (isStopped()) return;
      handlers.onState(false);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, wait);
      });
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
  };
  const isStopped = (): boolean => stopped;

  const read = async (
    signal: AbortSignal,
    heard: () => void,
    opened: () => void,
  ): Promise<void> => {
    const headers = {
      accept: 'text/event-stream',
      ...(last === undefined ? {} : { 'last-event-id': last }),
    };
    const { body } = await ask(path, { headers, signal });
    if (body === null) return;
    opened();
    handlers.onState(true);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const event of blocks.flatMap(parse)) {
        if (event.id !== '') last = event.id;
        handlers.onEvent(event);
      }
    }
  };

  const look = (): void => {
    if (document.hidden) current?.abort();
    wake();
  };
  document.addEventListener('visibilitychange', look);
  void run();
  return () => {
    stopped = true;
    document.removeEventListener('visibilitychange', look);
    current?.abort();
    wake();
  };
}

function parse(block: string): LiveEvent[] {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at <= 0) continue;
    const [name, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  const data = fields.get('data');
  if (data === undefined) return [];
  return [{ event: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data }];
}
