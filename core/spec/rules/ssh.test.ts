import { describe } from 'vitest';
import { all, nothing, set, unset } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('ssh', () => {
  const NO_LOGIN =
    /^spec\.config\.nodes\[1\]\.ssh: no key to log in to m2 with: give privateKeyPath here, or spec\.config\.ssh\.privateKeyPath .* or spec\.cloudCredentials/;
  ruleTable([
    {
      title: 'a node with an empty login',
      bad: set('spec.config.nodes[1].ssh', {}),
      path: 'spec.config.nodes[1].ssh',
      says: NO_LOGIN,
      // It comes by the installer command.
      good: unset('spec.config.nodes[1].ssh'),
    },
    {
      title: 'a machine with a key and no address',
      bad: unset('spec.config.nodes[1].privateIP'),
      path: 'spec.config.nodes[1].privateIP',
      says: 'is missing',
      good: all(unset('spec.config.nodes[1].ssh'), unset('spec.config.nodes[1].privateIP')),
    },
    {
      title: 'a machine with a key and no architecture',
      bad: unset('spec.config.nodes[1].arch'),
      path: 'spec.config.nodes[1].arch',
      says: 'is missing: only nodes without a key may leave it out',
      good: all(
        unset('spec.config.nodes[1].ssh'),
        unset('spec.config.nodes[1].arch'),
        unset('spec.config.nodes[1].operatingSystem'),
      ),
    },
    {
      title: 'no address, and a key for all nodes',
      bad: all(
        set('spec.config.ssh', { privateKeyPath: 'fleet.pem' }),
        unset('spec.config.nodes[1].ssh'),
        unset('spec.config.nodes[1].privateIP'),
      ),
      path: 'spec.config.nodes[1].privateIP',
      says: 'is missing',
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
