import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { MAX_BLUEPRINT_BYTES, MAX_FETCHED_BYTES } from '../core/spec/limits.js';
import { urlProblem } from '../core/spec/rules/addons.js';
import { openRequest, requestProblem } from '../net/openRequest.js';

const TIMEOUT_MS = 20_000;
const REDIRECTS = 5;
const HEADERS = { 'user-agent': 'plinth', accept: '*/*' };

export type Fetched = { bytes: Buffer; sha256: string } | { problem: string };

export interface FetchLimits {
  timeoutMs?: number;
  /** Bytes that all who share it may still read. */
  budget?: { left: number };
}

/**
 * What a URL gives, at most 8 MiB within 20 s, over http or https, following redirects; or why not, in words. Never
 * throws, and never tells what a server that gave something else has said.
 */
export async function fetchContent(
  url: string,
  { timeoutMs = TIMEOUT_MS, budget = { left: MAX_BLUEPRINT_BYTES } }: FetchLimits = {},
): Promise<Fetched> {
  const signal = AbortSignal.timeout(timeoutMs);
  let at = url;
  try {
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const wrong = urlProblem(at);
      if (wrong !== undefined) return { problem: hop === 0 ? wrong : `leads to what ${wrong}` };
      const answer = await openRequest(at, { signal, headers: HEADERS });
      const to = answer.headers.location;
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400 && to !== undefined) {
        answer.destroy();
        at = new URL(to, at).href;
        continue;
      }
      if (status !== 200) {
        answer.destroy();
        return { problem: `answered ${String(status)}` };
      }
      return await read(answer, budget);
    }
    return { problem: `leads on more than ${String(REDIRECTS)} times` };
  } catch (error) {
    if (signal.aborted) return { problem: `was not read within ${String(timeoutMs / 1000)} s` };
    return { problem: `cannot be read: ${requestProblem(error)}` };
  }
}

async function read(answer: IncomingMessage, budget: { left: number }): Promise<Fetched> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    budget.left -= chunk.length;
    if (size > MAX_FETCHED_BYTES || budget.left < 0) {
      answer.destroy();
      const most = size > MAX_FETCHED_BYTES ? MAX_FETCHED_BYTES : MAX_BLUEPRINT_BYTES;
      const together = size > MAX_FETCHED_BYTES ? '' : ', with those of the other add-ons';
      return { problem: `gives more than ${String(most / 1024 / 1024)} MiB${together}` };
    }
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
