import type { Problem } from '../../errors.js';
import { at, isGiven, isTrue, members, problemAt, text, type Cursor } from '../cursor.js';
import type { ParseContext } from '../parseContext.js';
import type { Rule } from './rule.js';

const NO_PROXY_ENTRY = /^(\*|[A-Za-z0-9.*:/_[\]-]+)$/;

const PEM = /^\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/;
const AUTH = /^[^:\s]+:\S+$/;

/** A proxy is on or off in so many words, its addresses hold no password, and its CA is one. */
export const proxyRule: Rule = (root, context) => {
  const proxy = at(root, 'spec', 'proxy');
  if (!isGiven(proxy)) return [];
  return [
    ...switched(proxy),
    ...url(at(proxy, 'httpProxy')),
    ...url(at(proxy, 'httpsProxy')),
    ...noProxy(at(proxy, 'noProxy')),
    ...auth(at(proxy, 'proxyAuth')),
    ...bootstrapCa(at(proxy, 'bootstrapCA'), context),
  ];
};

function switched(proxy: Cursor): Problem[] {
  const enabled = at(proxy, 'enabled');
  const hasAddress = isGiven(at(proxy, 'httpProxy')) || isGiven(at(proxy, 'httpsProxy'));
  if (isTrue(enabled) && !hasAddress) {
    return [problemAt(proxy, 'is enabled without an address: give httpProxy, httpsProxy or both')];
  }
  const settings = members(proxy).filter(({ key }) => key !== 'enabled');
  if (isGiven(enabled) || settings.length === 0) return [];
  return [
    problemAt(enabled, 'is missing: say true to use this proxy, or false to keep it for later'),
  ];
}

function url(cursor: Cursor): Problem[] {
  const value = text(cursor);
  if (value === undefined || value === '') return [];
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    return [
      problemAt(cursor, 'is not the address of a proxy, such as "http://proxy.example.com:3128"'),
    ];
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return [
      problemAt(
        cursor,
        'holds a user or password, which would be shown to everyone: give them as proxyAuth, which is never shown',
      ),
    ];
  }
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    return [problemAt(cursor, `has more than a host and port: write ${parsed.origin}`)];
  }
  return [];
}

/** Never shows what it refuses: it is a password. */
function auth(cursor: Cursor): Problem[] {
  const value = text(cursor);
  if (value === undefined || value === '' || AUTH.test(value)) return [];
  return [problemAt(cursor, 'is not "user:password", without spaces')];
}

function bootstrapCa(cursor: Cursor, { certificateProblem }: ParseContext): Problem[] {
  const value = text(cursor);
  if (value === undefined || value === '') return [];
  if (!PEM.test(value)) {
    return [problemAt(cursor, 'is not PEM: "-----BEGIN CERTIFICATE-----" and what follows it')];
  }
  const problem = certificateProblem?.(value);
  return problem === undefined ? [] : [problemAt(cursor, problem)];
}

function noProxy(cursor: Cursor): Problem[] {
  const value = text(cursor);
  if (value === undefined || value === '') return [];
  const wrong = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => !NO_PROXY_ENTRY.test(entry) || entry.includes('://'));
  if (wrong.length === 0) return [];
  return [
    problemAt(
      cursor,
      `${wrong.map((entry) => JSON.stringify(withoutPassword(entry))).join(', ')}: entries are hosts, ".domains", addresses or ranges, with commas between them`,
    ),
  ];
}

function withoutPassword(entry: string): string {
  return entry.replace(/^.*@/, '…@');
}
