import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { Cluster } from './cluster.js';
import { normaliseForCompare } from './specHash.js';

type Change = (cluster: Cluster) => void;

function afterChange(change: Change): string {
  const cluster = fixtureCluster();
  change(cluster);
  return normaliseForCompare(cluster);
}
const before = afterChange(() => undefined);

const same: [string, Change][] = [
  ['modifiedAt', (c) => (c.metadata.modifiedAt = '2024-06-24T14:41:57.051572Z')],
  ['nodes in another order', (c) => c.spec.config.nodes.reverse()],
  ['roles in another order', (c) => c.spec.config.nodes[0]?.roles.reverse()],
  ['false instead of nothing', (c) => (c.spec.config.autoApproveNodes = false)],
  ['an empty map instead of nothing', (c) => (c.metadata.labels = {})],
  ['maps with nothing in them', (c) => (c.spec.config.kubernetesUpgrade = { params: {} })],
  ['sharing switched off', (c) => (c.spec.sharing = { enabled: false, projects: [] })],
];

const different: [string, Change][] = [
  ['a node more', (c) => c.spec.config.nodes.push(fixtureNode(9))],
  ['a role more', (c) => c.spec.config.nodes[1]?.roles.push('ControlPlane')],
  ['true instead of nothing', (c) => (c.spec.config.autoApproveNodes = true)],
  ['a label', (c) => (c.metadata.labels = { team: 'a' })],
  ['a label with an empty value', (c) => (c.metadata.labels = { team: '' })],
  ['another display name', (c) => (c.metadata.displayName = 'Other')],
  ['another blueprint', (c) => (c.spec.blueprint.name = 'minimal')],
  ['another spelling of a version', (c) => (c.spec.config.network.cni.version = 'v3.28.5')],
  ['a nameserver', (c) => (c.spec.config.network.nameservers = ['10.0.0.2'])],
];

describe('normaliseForCompare', () => {
  test.each(same)('%s is no change', (_what, change) => {
    expect(afterChange(change)).toBe(before);
  });

  test.each(different)('%s is a change', (_what, change) => {
    expect(afterChange(change)).not.toBe(before);
  });

  test('the order of nameservers counts, that of taints does not', () => {
    const taints = [
      { key: 'a', effect: 'NoSchedule' },
      { key: 'b', effect: 'NoExecute' },
    ] as const;
    const withTaints = (list: readonly (typeof taints)[number][]): string =>
      afterChange((c) => c.spec.config.nodes.push(fixtureNode(9, { taints: [...list] })));
    expect(withTaints(taints)).toBe(withTaints(taints.toReversed()));
    const withServers = (nameservers: string[]): string =>
      afterChange((c) => (c.spec.config.network.nameservers = nameservers));
    expect(withServers(['10.0.0.2', '10.0.0.3'])).not.toBe(withServers(['10.0.0.3', '10.0.0.2']));
  });

  test('the order of nodes and of keys never matters', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }),
        fc.boolean(),
        (order, keysReversed) => {
          const of = (numbers: readonly number[]): string =>
            afterChange((cluster) => {
              cluster.spec.config.nodes = numbers.map((number) => {
                const entries = Object.entries(fixtureNode(number));
                if (keysReversed) entries.reverse();
                return Object.fromEntries(entries) as unknown as ReturnType<typeof fixtureNode>;
              });
            });
          expect(of(order)).toBe(of(order.toSorted((a, b) => a - b)));
        },
      ),
    );
  });

  test('it changes nothing of what it is given', () => {
    const cluster = fixtureCluster();
    normaliseForCompare(cluster);
    expect(cluster).toEqual(fixtureCluster());
  });
});
