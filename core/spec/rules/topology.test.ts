import { describe } from 'vitest';
import { all, push, set } from '../../../test/fixtures/change.js';
import { fixtureNode } from '../../../test/fixtures/cluster.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

const controlPlane = (number: number) => fixtureNode(number, { roles: ['ControlPlane'] });

describe('topology', () => {
  ruleTable([
    {
      title: 'there is a control plane',
      bad: set('spec.config.nodes[0].roles', ['Worker']),
      path: 'spec.config.nodes',
      says: 'no node has the role ControlPlane',
    },
    {
      title: 'their number is odd',
      bad: push('spec.config.nodes', controlPlane(9)),
      path: 'spec.config.nodes',
      says: 'an even number of control planes, 2 (m1, m9), survives no more failures than 1: make it 1 or 3',
      good: push('spec.config.nodes', controlPlane(8), controlPlane(9)),
    },
    {
      title: 'an even number stays where it is these, and is refused where it is others',
      bad: push('spec.config.nodes', controlPlane(9)),
      path: 'spec.config.nodes',
      says: 'apply it with force=true',
      context: { evenControlPlanes: ['m1', 'm8'] },
    },
    {
      title: 'with force an even number is let be, but not none',
      bad: set('spec.config.nodes[0].roles', ['Worker']),
      path: 'spec.config.nodes',
      says: 'no node has the role ControlPlane',
      good: push('spec.config.nodes', controlPlane(9)),
      context: { evenControlPlanes: 'any' },
    },
    {
      title: 'an even number of those that are there already is no new decision',
      bad: push('spec.config.nodes', controlPlane(7), controlPlane(8), controlPlane(9)),
      path: 'spec.config.nodes',
      says: 'an even number of control planes, 4',
      good: push('spec.config.nodes', controlPlane(9)),
      context: { evenControlPlanes: ['m9', 'm1'] },
    },
    {
      title: 'they are not too many',
      bad: push('spec.config.nodes', ...Array.from({ length: 8 }, (_, i) => controlPlane(i + 10))),
      path: 'spec.config.nodes',
      says: '9 control planes: at most 7',
    },
    {
      title: 'high availability needs three',
      bad: set('spec.config.highAvailability', true),
      path: 'spec.config.highAvailability',
      says: 'needs three or more control planes, and there is 1',
      good: all(
        set('spec.config.highAvailability', true),
        push('spec.config.nodes', controlPlane(8), controlPlane(9)),
      ),
    },
    {
      title: 'three that are not highly available contradict themselves',
      bad: all(
        set('spec.config.highAvailability', false),
        push('spec.config.nodes', controlPlane(8), controlPlane(9)),
      ),
      path: 'spec.config.highAvailability',
      says: 'is false with 3 control planes',
      good: set('spec.config.highAvailability', false),
    },
    {
      title: 'a dedicated control plane does no work',
      bad: set('spec.config.dedicatedControlPlane', true),
      path: 'spec.config.nodes[0].roles',
      says: 'm1 is a control plane and a Worker, and dedicatedControlPlane is true',
      good: all(
        set('spec.config.dedicatedControlPlane', true),
        set('spec.config.nodes[0].roles', ['ControlPlane']),
      ),
    },
    {
      title: 'something can run workloads, which storage nodes do not',
      bad: set('spec.config.nodes', [controlPlane(1), fixtureNode(2, { roles: ['Storage'] })]),
      path: 'spec.config.nodes',
      says: 'no node has the role Worker',
      good: set('spec.config.nodes', [fixtureNode(1, { roles: ['Worker', 'ControlPlane'] })]),
    },
    {
      title: 'a role is there once',
      bad: set('spec.config.nodes[1].roles', ['Worker', 'Worker']),
      path: 'spec.config.nodes[1].roles[1]',
      says: '"Worker" is there twice',
    },
  ]);
});
