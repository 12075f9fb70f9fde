import { describe } from 'vitest';
import { push, set } from '../../test/fixtures/change.js';
import { ruleTable } from '../../test/fixtures/ruleTable.js';

describe('what plinth does not act on yet', () => {
  ruleTable([
    {
      title: 'storage nodes',
      bad: push('spec.config.nodes[1].roles', 'Storage'),
      path: 'spec.config.nodes[1].roles[1]',
      says: 'the role Storage is not supported yet',
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
