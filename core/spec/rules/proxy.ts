import type { Problem } from '../../errors.js';
import { at, isGiven, isTrue, members, problemAt, text, type Cursor } from '../cursor.js';
import type { Rule } from './rule.js';

const NO_PROXY_ENTRY = /^(\*|[A-Za-z0-9.*:/_[\]-]+)$/;

/** A proxy is on or off in so many words, and its addresses hold no password. */
export const proxyRule: Rule = (root) => {
  const proxy = at(root, 'spec', 'proxy');
  if (!isGiven(proxy)) return [];
  return [
    ...switched(proxy),
    ...url(at(proxy, 'httpProxy')),
    ...url(at(proxy, 'httpsProxy')),
    ...noProxy(at(proxy, 'noProxy')),
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
        'holds a user or password, which would be shown to everyone: a proxy that asks for one is not supported yet',
      ),
    ];
  }
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    return [problemAt(cursor, `has more than a host and port: write ${parsed.origin}`)];
  }
  return [];
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
      `${wrong.map((entry) => JSON.stringify(entry)).join(', ')}: entries are hosts, ".domains", addresses or ranges, with commas between them`,
    ),
  ];
}
