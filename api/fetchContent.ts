import { createHash } from 'node:crypto';
import { lookup } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

import { MAX_BLUEPRINT_BYTES, MAX_FETCHED_BYTES } from '../core/spec/limits.js';
import { urlProblem } from '../core/spec/rules/addons.js';

const TIMEOUT_MS = 20_000;
const REDIRECTS = 5;

/** Where clouds answer a machine with its own credentials. */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

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
      const answer = await open(at, signal);
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
    return { problem: `cannot be read: ${reasonOf(error)}` };
  }
}

function open(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && isLinkLocal(host)) return Promise.reject(new LinkLocalError());
  const start = protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'plinth', accept: '*/*' };
    start(url, { signal, headers, lookup: lookupAllowed }, resolve).on('error', reject).end();
  });
}

class LinkLocalError extends Error {
  override message = 'its address is link-local';
}

/** The name's addresses, checked where they are used: a second look-up could say something else. */
const lookupAllowed: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      done(error, '', 4);
      return;
    }
    const [first] = found;
    if (first === undefined || found.some(({ address }) => isLinkLocal(address))) {
      done(new LinkLocalError(), '', 4);
    } else if (options.all === true) {
      done(null, found);
    } else {
      done(null, first.address, first.family);
    }
  });
};

function isLinkLocal(address: string): boolean {
  return LINK_LOCAL.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
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

function reasonOf(error: unknown): string {
  if (error instanceof LinkLocalError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? 'the connection failed';
}
