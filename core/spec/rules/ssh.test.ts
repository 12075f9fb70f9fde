import { describe } from 'vitest';
import { all, nothing, set, unset } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('ssh', () => {
  const NO_LOGIN =
    /^spec\.config\.nodes\[1\]\.ssh: no key to log in to m2 with: give privateKeyPath here, or spec\.config\.ssh\.privateKeyPath .* or spec\.cloudCredentials/;
  ruleTable([
    {
      title: 'a node without any login',
      bad: unset('spec.config.nodes[1].ssh'),
      path: 'spec.config.nodes[1].ssh',
      says: NO_LOGIN,
      good: all(
        unset('spec.config.nodes[1].ssh'),
        set('spec.config.ssh', { username: 'ops', privateKeyPath: 'fleet.pem' }),
      ),
    },
    {
      title: 'a node with a login and no key',
      bad: unset('spec.config.nodes[1].ssh.privateKeyPath'),
      path: 'spec.config.nodes[1].ssh',
      says: NO_LOGIN,
      good: all(
        unset('spec.config.nodes[1].ssh.privateKeyPath'),
        set('spec.cloudCredentials', 'fleet'),
      ),
    },
    {
      title: 'autoApproveNodes alone brings nobody in',
      bad: all(set('spec.config.autoApproveNodes', true), unset('spec.config.nodes[1].ssh')),
      path: 'spec.config.nodes[1].ssh',
      says: NO_LOGIN,
    },
    {
      title: 'a credential that is not there',
      bad: set('spec.cloudCredentials', 'fleed'),
      path: 'spec.cloudCredentials',
      says: 'project defaultproject has no credential "fleed": upload it first, or give ssh.privateKeyPath; did you mean "fleet"?',
      good: set('spec.cloudCredentials', 'fleet'),
    },
    {
      title: 'an address for all nodes',
      bad: set('spec.config.ssh', { ipAddress: '10.77.0.11', privateKeyPath: 'a.pem' }),
      path: 'spec.config.ssh.ipAddress',
      says: 'unknown field here: it belongs to spec.config.ssh.bastion or spec.config.nodes[].ssh',
    },
    {
      title: 'a passphrase of no key, for all nodes',
      bad: set('spec.config.ssh', { passphrase: 'x' }),
      path: 'spec.config.ssh.passphrase',
      says: 'is the passphrase of no key',
      good: set('spec.config.ssh', { passphrase: 'x', privateKeyPath: 'a.pem' }),
    },
    {
      title: 'a passphrase of no key, for a node',
      bad: all(
        set('spec.cloudCredentials', 'fleet'),
        set('spec.config.nodes[1].ssh', { passphrase: 'x' }),
      ),
      path: 'spec.config.nodes[1].ssh.passphrase',
      says: 'is the passphrase of no key',
    },
    {
      title: 'a key that the service cannot use',
      context: {
        checkKeyPath: (path) => (path === 'lost.pem' ? 'there is no key lost.pem' : undefined),
      },
      bad: set('spec.config.nodes[1].ssh.privateKeyPath', 'lost.pem'),
      path: 'spec.config.nodes[1].ssh.privateKeyPath',
      says: 'there is no key lost.pem',
      good: nothing,
    },
  ]);
});
