import { lookup } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Where clouds answer a machine with its own credentials; through a NAT64 gateway as well (RFC 6052). */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
LINK_LOCAL.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');

/** EC2's, which is not link-local: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
const METADATA = new BlockList();
METADATA.addAddress('fd00:ec2::254', 'ipv6');

export interface OpenOptions extends Pick<RequestOptions, 'method' | 'headers' | 'agent'> {
  signal: AbortSignal;
  body?: string;
}

/**
 * Sends a request to a URL that somebody else gave, and gives the answer as it begins; a redirect is an answer like
 * another. Addresses of private networks are allowed, those where clouds give their machines credentials are not.
 * @throws Error whose words `requestProblem` tells.
 */
export async function openRequest(
  url: string,
  { body, ...options }: OpenOptions,
): Promise<IncomingMessage> {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const problem = isIP(host) === 0 ? undefined : addressProblem(host);
  if (problem !== undefined) throw new AddressError(problem);
  const start = protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    start(url, { ...options, lookup: lookupAllowed }, resolve)
      .on('error', reject)
      .end(body);
  });
}

/** Why there was no answer, in words that tell nothing of a network but this. */
export function requestProblem(error: unknown): string {
  if (error instanceof AddressError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'the connection failed';
}

/** Why an address is not called; undefined: it is. */
export function addressProblem(address: string): string | undefined {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (LINK_LOCAL.check(address, family)) return 'its address is link-local';
  if (METADATA.check(address, family)) return 'its address is that of a cloud’s metadata';
  return undefined;
}

class AddressError extends Error {}

/** The name's addresses, checked where they are used: a second look-up could say something else. */
const lookupAllowed: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      done(error, '', 4);
      return;
    }
    const [first] = found;
    const problem = found.map(({ address }) => addressProblem(address)).find((each) => each);
    if (first === undefined || problem !== undefined) {
      done(new AddressError(problem ?? 'its name has no address'), '', 4);
    } else if (options.all === true) {
      done(null, found);
    } else {
      done(null, first.address, first.family);
    }
  });
};
