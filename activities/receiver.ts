import { lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Longer, and the receiver should take it first and work on it afterwards. */
const TIMEOUT_MS = 10_000;

/** Where clouds answer a machine with its own credentials. */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/**
 * Posts a body; what it was answered, or why nothing was, in words. Addresses of a private network are allowed, those of
 * the link are not; a redirect is an answer like another, and is not followed. Reads nothing of the answer's body.
 */
export async function postToReceiver(
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<{ status: number } | { problem: string }> {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && isLinkLocal(host)) return { problem: LINK_LOCAL_PROBLEM };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const start = protocol === 'https:' ? requestHttps : requestHttp;
  try {
    return await new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, signal, lookup: lookupAllowed, agent: false };
      start(url, options, (answer) => {
        resolve({ status: answer.statusCode ?? 0 });
        answer.destroy();
      })
        .on('error', reject)
        .end(body);
    });
  } catch (error) {
    if (signal.aborted) return { problem: `no answer within ${String(TIMEOUT_MS / 1000)} s` };
    if (error instanceof LinkLocalError) return { problem: LINK_LOCAL_PROBLEM };
    return { problem: (error as NodeJS.ErrnoException).code ?? 'the connection failed' };
  }
}

const LINK_LOCAL_PROBLEM = 'its address is link-local';

class LinkLocalError extends Error {}

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
    } else if (options.all === true) done(null, found);
    else done(null, first.address, first.family);
  });
};

function isLinkLocal(address: string): boolean {
  return LINK_LOCAL.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
