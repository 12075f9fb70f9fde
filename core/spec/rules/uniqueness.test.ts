import { describe } from 'vitest';
import { all, merge, set, unset } from '../../../test/fixtures/change.js';
import { fixtureNode } from '../../../test/fixtures/cluster.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('uniqueness', () => {
  ruleTable([
    {
      title: 'hostnames',
      bad: set('spec.config.nodes[2].hostname', 'm2'),
      path: 'spec.config.nodes[2].hostname',
      says: 'hostname "m2" is taken already, by spec.config.nodes[1].hostname',
    },
    {
      title: 'privateIPs',
      bad: set('spec.config.nodes[2].privateIP', '10.77.0.12'),
      path: 'spec.config.nodes[2].privateIP',
      says: 'privateIP 10.77.0.12 is taken already, by spec.config.nodes[1].privateIP',
    },
    {
      title: 'privateIPs of nodes without an SSH address are one problem',
      bad: all(
        set('spec.config.ssh', { privateKeyPath: 'a.pem' }),
        set('spec.config.nodes[1]', fixtureNode(2, { ssh: {} })),
        set('spec.config.nodes[2]', fixtureNode(3, { ssh: {}, privateIP: '10.77.0.12' })),
      ),
      path: 'spec.config.nodes[2].privateIP',
      says: 'privateIP 10.77.0.12 is taken',
    },
    {
      title: 'SSH address and port',
      bad: set('spec.config.nodes[2].ssh.ipAddress', '10.77.0.12'),
      path: 'spec.config.nodes[2].ssh.ipAddress',
      says: 'SSH address 10.77.0.12 port 22 is taken already',
      good: merge('spec.config.nodes[2].ssh', { ipAddress: '10.77.0.12', port: '2222' }),
    },
    {
      title: 'SSH address against another node’s privateIP',
      bad: all(
        unset('spec.config.nodes[1].ssh.ipAddress'),
        set('spec.config.nodes[2].ssh.ipAddress', '10.77.0.12'),
      ),
      path: 'spec.config.nodes[2].ssh.ipAddress',
      says: 'by spec.config.nodes[1].privateIP',
      good: all(
        unset('spec.config.nodes[1].ssh.ipAddress'),
        set('spec.config.nodes[2].ssh', {
          privateKeyPath: 'a.pem',
          ipAddress: '10.77.0.12',
          bastion: { ipAddress: '203.0.113.7' },
        }),
      ),
    },
  ]);
});
