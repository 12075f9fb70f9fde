import { connect, type Socket } from 'node:net';

import { medianOf } from './median.js';

export interface LoadOptions {
  url: string;
  /** Asked for one after the other, from the start again after the last. */
  paths: readonly string[];
  headers: Readonly<Record<string, string>>;
  connections: number;
  seconds: number;
  /** Ends after so many, if the time is not over before. */
  requests?: number;
}

export interface LoadFigures {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

const END_OF_HEAD = '\r\n\r\n';
const END_OF_CHUNKS = '0\r\n\r\n';

/**
 * As many requests as are answered, each connection with one at a time. It reads no more of an answer than its
 * status and its length, so that what is measured is the server.
 * @throws Error for any other answer than 200.
 */
export async function load(options: LoadOptions): Promise<LoadFigures> {
  const { connections, seconds, paths, requests: most = Number.POSITIVE_INFINITY } = options;
  const requests = paths.map((path) => requestText(options, path));
  const taken: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1000;
  let next = 0;
  const one = (): string | undefined =>
    next < most ? requests[next++ % requests.length] : undefined;
  await Promise.all(
    Array.from({ length: connections }, () => ask(new URL(options.url), one, taken, until)),
  );
  const elapsed = (performance.now() - started) / 1000;
  return {
    requestsPerSecond: taken.length / elapsed,
    p50Ms: medianOf(taken),
    p99Ms: percentile(taken, 0.99),
  };
}

/** The least value that this share of the values does not go beyond. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function requestText({ url, headers }: LoadOptions, path: string): string {
  const lines = Object.entries({ host: new URL(url).host, ...headers });
  return `GET ${path} HTTP/1.1\r\n${lines.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n`;
}

async function ask(
  url: URL,
  request: () => string | undefined,
  taken: number[],
  until: number,
): Promise<void> {
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      let answer = '';
      const send = (): void => {
        const text = request();
        sent = performance.now();
        answer = '';
        if (text === undefined) resolve();
        else socket.write(text);
      };
      socket.once('connect', send);
      socket.on('data', (bytes: Buffer) => {
        answer += bytes.toString('latin1');
        const whole = isWhole(answer);
        if (!whole) return;
        if (!answer.startsWith('HTTP/1.1 200')) reject(new Error(answer.slice(0, 500)));
        const now = performance.now();
        taken.push(now - sent);
        if (now < until) send();
        else resolve();
      });
      endsEarly(socket, reject);
    });
  } finally {
    socket.destroy();
  }
}

function endsEarly(socket: Socket, reject: (error: Error) => void): void {
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the server closed the connection')));
}

/** Whether all of an answer is there. */
export function isWhole(answer: string): boolean {
  const end = answer.indexOf(END_OF_HEAD);
  if (end === -1) return false;
  const head = answer.slice(0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) return answer.endsWith(END_OF_CHUNKS);
  return answer.length >= end + END_OF_HEAD.length + Number(length);
}
