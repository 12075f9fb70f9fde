import { describe } from 'vitest';
import { set } from '../../test/fixtures/change.js';
import { ruleTable } from '../../test/fixtures/ruleTable.js';

describe('what plinth does not act on yet', () => {
  ruleTable([
    {
      title: 'a proxy with a password, without showing it',
      bad: set('spec.proxy', { enabled: true, httpProxy: 'http://p', proxyAuth: 'me:hunter2' }),
      path: 'spec.proxy.proxyAuth',
      says: /^(?!.*hunter2).*is not supported yet/,
    },
    {
      title: 'a proxy with a CA',
      bad: set('spec.proxy', { enabled: true, httpProxy: 'http://p', bootstrapCA: 'x' }),
      path: 'spec.proxy.bootstrapCA',
      says: 'is not supported yet',
    },
    {
      title: 'platform versions',
      bad: set('spec.config.platformVersion', 'v1.0.0'),
      path: 'spec.config.platformVersion',
      says: 'is not supported yet',
    },
    {
      title: 'sharing',
      bad: set('spec.sharing', { enabled: true, projects: [{ name: 'other' }] }),
      path: 'spec.sharing.enabled',
      says: 'is not supported yet',
      good: set('spec.sharing', { enabled: false }),
    },
    {
      title: 'unchecked certificates',
      bad: set('spec.proxy', {
        enabled: true,
        httpProxy: 'http://p',
        allowInsecureBootstrap: true,
      }),
      path: 'spec.proxy.allowInsecureBootstrap',
      says: 'certificates are always checked',
      good: set('spec.proxy', {
        enabled: true,
        httpProxy: 'http://p',
        allowInsecureBootstrap: false,
      }),
    },
  ]);
});
