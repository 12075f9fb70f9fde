import { expect, it } from 'vitest';

import type { MachineObservation, NodeHealth, NodeObservation } from './health.js';
import { healthWarnings, type WarningsInput } from './healthWarnings.js';

const node = (set: Partial<NodeObservation> = {}): NodeObservation => ({
  ...{ hostname: 'm1', ready: 'True', reason: '', message: '', version: 'v1.34.4' },
  ...{ addresses: ['10.0.0.1', 'fd00::1'], cordoned: false, pressures: [], ...set },
});
const machine = (set: Partial<MachineObservation> = {}): MachineObservation => ({
  ...{ observedAt: '2026-11-26T06:00:00.000Z', certificates: [], disks: [], drift: [], ...set },
});
const warnings = (of: Partial<NodeHealth>, set: Partial<WarningsInput> = {}): string[] =>
  healthWarnings({
    health: {
      failures: [],
      lookedAt: '2026-11-26T06:00:00.000Z',
      seenAt: '2026-11-26T06:00:00.000Z',
    },
    nodes: [{ hostname: 'm1', ...of }],
    wanted: [{ hostname: 'm1', privateIP: '10.0.0.1' }],
    version: 'v1.34.4',
    now: new Date('2026-11-26T06:00:30Z'),
    ...set,
  });

it('a node as it should be gives no cause for any', () => {
  const certificatesExpireAt = '2027-11-26T06:00:00Z';
  const disks = [{ path: '/', usedPercent: 84, freeMiB: 9_000 }];
  expect(warnings({ node: node(), machine: machine({ certificatesExpireAt, disks }) })).toEqual([]);
});

it.each([
  [{ node: node({ pressures: ['DiskPressure'] }) }, 'm1 reports DiskPressure'],
  [{ node: node({ cordoned: true }) }, 'm1 is cordoned: no pods are scheduled on it'],
  [{ node: node({ version: 'v1.33.1' }) }, 'm1 runs v1.33.1, the cluster v1.34.4'],
  [{ node: node({ addresses: ['10.0.0.9'] }) }, 'm1 is at 10.0.0.9, in the spec at 10.0.0.1'],
  [
    { machine: machine({ certificatesExpireAt: '2026-12-09T06:00:00Z' }) },
    'certificates of m1 expire on 2026-12-09T06:00:00Z',
  ],
  [
    { machine: machine({ certificatesExpireAt: '2026-11-26T05:00:00Z' }) },
    'certificates of m1 have expired on 2026-11-26T05:00:00Z',
  ],
  [
    { machine: machine({ disks: [{ path: '/var/lib/etcd', usedPercent: 85, freeMiB: 90 }] }) },
    '/var/lib/etcd of m1 is 85 % full',
  ],
  [
    { machine: machine({ certificatesExpireAt: '1970-01-01T00:00:00Z' }) },
    'a certificate of m1 cannot be read',
  ],
  [
    { machine: machine({ observedAt: '2026-11-25T06:00:29.000Z' }) },
    'm1 was last asked on 2026-11-25T06:00:29.000Z: certificates, disks and drift are of then',
  ],
  [{ machine: machine({ drift: ['swap is on: /dev/sda2'] }) }, 'm1: swap is on: /dev/sda2'],
])('%j', (of, words) => {
  expect(warnings(of)).toEqual([words]);
});

it('a node whose address the spec leaves to its machine is where it is', () => {
  expect(warnings({ node: node() }, { wanted: [{ hostname: 'm1' }] })).toEqual([]);
});

it('a node that nobody asked for is named', () => {
  expect(warnings({ node: node() }, { wanted: [] })).toEqual(['the node m1 is not in the spec']);
});

it('a control plane that lets nobody in is told while another one answers', () => {
  const failures = [{ hostname: 'm2', kind: 'refused' as const, message: 'm2: another host key' }];
  const [at, before] = ['2026-11-26T06:00:00.000Z', '2026-11-26T05:00:00.000Z'];
  expect(warnings({}, { health: { failures, lookedAt: at, seenAt: at } })).toEqual([
    'the cluster cannot be looked at through it: m2: another host key',
  ]);
  // Otherwise ClusterReady says it.
  expect(warnings({}, { health: { failures, lookedAt: at, seenAt: before } })).toEqual([]);
});
