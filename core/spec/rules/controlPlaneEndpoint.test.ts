import { describe, expect, test } from 'vitest';
import { merge } from '../../../test/fixtures/change.js';
import { problemsAfter } from '../../../test/fixtures/problems.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

const endpoint = (controlPlaneEndpoint: unknown) =>
  merge('spec.config.network', { controlPlaneEndpoint });
const path = 'spec.config.network.controlPlaneEndpoint';

describe('the load balancer', () => {
  test.each([
    'lb.example.net',
    'lb.example.net:443',
    '192.0.2.9',
    '192.0.2.9:6443',
    'fd00::9',
    '[fd00::9]',
    '[fd00::9]:8443',
  ])('may be %s', (text) => {
    expect(problemsAfter(endpoint(text))).toEqual([]);
  });

  test.each([
    '',
    'https://lb.example.net',
    'lb.example.net:',
    'lb.example.net:0',
    'lb.example.net:65536',
    'LB.example.net',
    'lb_1',
    '192.0.2.300',
    '[192.0.2.9]:1',
    '[lb]:6443',
    'fd00::9]:1',
    'a b',
    '-lb',
  ])('is not %j, and that is the only problem', (text) => {
    const problems = problemsAfter(endpoint(text));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${path}: `);
    expect(problems[0]).toContain('is not a load balancer');
  });

  ruleTable([
    {
      title: 'no number',
      bad: endpoint(6443),
      path,
      says: 'must be a string',
    },
    {
      title: 'no machine of the cluster, by its address',
      bad: endpoint('10.77.0.12:6443'),
      path,
      says: '10.77.0.12 is the machine of m2',
      good: endpoint('10.77.0.200:6443'),
    },
    {
      title: 'no machine of the cluster, by its name',
      bad: endpoint('m1'),
      path,
      says: 'm1 is the machine of m1',
    },
    {
      title: 'no loopback',
      bad: endpoint('127.0.0.1:7443'),
      path,
      says: 'lies in 127.0.0.0/8',
    },
    {
      title: 'not each machine itself',
      bad: endpoint('localhost'),
      path,
      says: 'no name of a load',
    },
    {
      title: 'not the name of our own endpoint',
      bad: endpoint('plinth-api.internal:7443'),
      path,
      says: 'no name of a load',
    },
    {
      title: 'no address of a service',
      bad: endpoint('10.96.0.10'),
      path,
      says: 'lies in serviceSubnet 10.96.0.0/16',
    },
  ]);
});
