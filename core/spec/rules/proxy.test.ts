import { describe } from 'vitest';
import { merge, set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('proxy', () => {
  const PEM = '-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n';
  const URL = 'http://proxy.example.com:3128';
  const proxy = (set: object) =>
    merge('spec', { proxy: { enabled: true, httpProxy: URL, ...set } });
  ruleTable([
    {
      title: 'enabled without an address',
      bad: set('spec.proxy', { enabled: true }),
      path: 'spec.proxy',
      says: 'is enabled without an address',
      good: set('spec.proxy', { enabled: true, httpsProxy: URL }),
    },
    {
      title: 'an address that is neither on nor off',
      bad: set('spec.proxy', { httpProxy: URL }),
      path: 'spec.proxy.enabled',
      says: 'is missing: say true to use this proxy, or false',
      good: set('spec.proxy', { enabled: false, httpProxy: URL }),
    },
    {
      title: 'an address that is none',
      bad: proxy({ httpsProxy: 'proxy:3128' }),
      path: 'spec.proxy.httpsProxy',
      says: 'is not the address of a proxy',
      good: proxy({ httpsProxy: 'https://10.0.0.1:8443/' }),
    },
    {
      title: 'a password in the address, without showing it',
      bad: proxy({ httpProxy: 'http://me:hunter2@proxy.example.com' }),
      path: 'spec.proxy.httpProxy',
      says: /^(?!.*hunter2).*give them as proxyAuth/,
      good: proxy({ proxyAuth: 'me:hunter2' }),
    },
    {
      title: 'an address with a path',
      bad: proxy({ httpProxy: `${URL}/pac?x` }),
      path: 'spec.proxy.httpProxy',
      says: `write ${URL}`,
    },
    {
      title: 'a password without a user, without showing it',
      bad: proxy({ proxyAuth: 'hunter2' }),
      path: 'spec.proxy.proxyAuth',
      says: /^(?!.*hunter2).*is not "user:password"/,
      good: proxy({ proxyAuth: 'me:hunter:2%@' }),
    },
    {
      title: 'a CA that is no PEM',
      bad: proxy({ bootstrapCA: 'proxy-ca.crt' }),
      path: 'spec.proxy.bootstrapCA',
      says: 'is not PEM',
      good: proxy({ bootstrapCA: PEM }),
    },
    {
      title: 'a CA that cannot be used',
      bad: proxy({ bootstrapCA: PEM }),
      context: { certificateProblem: () => 'certificate 1 has expired' },
      path: 'spec.proxy.bootstrapCA',
      says: 'certificate 1 has expired',
      good: proxy({ allowInsecureBootstrap: true }),
    },
    {
      title: 'exceptions that are URLs',
      bad: proxy({ noProxy: '.example.com, http://intra' }),
      path: 'spec.proxy.noProxy',
      says: '"http://intra": entries are hosts',
      good: proxy({ noProxy: '.example.com, 10.0.0.0/8,[fd00::1],*.internal' }),
    },
  ]);
});
