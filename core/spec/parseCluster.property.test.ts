import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixtureCluster, fixtureContext, fixtureNode } from '../../test/fixtures/cluster.js';
import type { Cluster, NodeSpec, Taint } from '../cluster.js';
import { normaliseForCompare } from '../specHash.js';
import { API_VERSION } from '../words.js';
import { isRecord } from './cursor.js';
import { parseCluster } from './parseCluster.js';
import { formatPath } from './path.js';

const labelName = fc.stringMatching(/^[a-z]([a-z0-9_.-]{0,20}[a-z0-9])?$/);
const labelKey = fc
  .tuple(fc.option(fc.constantFrom('example.com', 'a.b-c.io')), labelName)
  .map(([prefix, name]) => (prefix === null ? name : `${prefix}/${name}`));
const labels = fc.dictionary(labelKey, fc.oneof(labelName, fc.constant('')), {
  maxKeys: 4,
  noNullPrototype: true,
});
const taint: fc.Arbitrary<Taint> = fc.record(
  {
    key: labelKey,
    value: labelName,
    effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  },
  { requiredKeys: ['key', 'effect'], noNullPrototype: true },
);

const nodeExtras: fc.Arbitrary<Partial<NodeSpec>> = fc.record(
  {
    operatingSystem: fc.constantFrom('Debian12', 'Debian13', 'Ubuntu22.04', 'Rocky9'),
    arch: fc.constantFrom('amd64', 'arm64'),
    interface: fc.constantFrom('eth0', 'bond0.7'),
    labels,
    annotations: fc.dictionary(labelKey, fc.string(), { maxKeys: 3, noNullPrototype: true }),
    taints: fc.uniqueArray(taint, {
      maxLength: 3,
      selector: (each) => `${each.key} ${each.effect}`,
    }),
    kubeletExtraArgs: fc.constantFrom({}, { v: '4' }),
    kubeletConfigurationOverrides: fc.constant('maxPods: 30\n'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const cluster: fc.Arbitrary<Cluster> = fc
  .record({
    controlPlanes: fc.constantFrom(1, 3, 5),
    extras: fc.array(nodeExtras, { minLength: 1, maxLength: 12 }),
    versions: fc.constantFrom(
      ['v1.34.4', '3.28.5'],
      ['v1.35.0', 'v3.28.5'],
      ['v1.30.2', '3.29.1'],
      ['v1.28.9', '3.26.1'],
    ),
    config: fc.record(
      {
        location: labelName,
        autoApproveNodes: fc.boolean(),
        installerTtl: fc.integer({ min: 1, max: 3650 }),
        kubernetesUpgrade: fc.constantFrom({}, { params: { workerConcurrency: '50%' } }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    metadata: fc.record(
      { displayName: fc.string(), description: fc.string(), labels },
      { requiredKeys: [], noNullPrototype: true },
    ),
    reversed: fc.boolean(),
  })
  .map(({ controlPlanes, extras, versions, config, metadata, reversed }): Cluster => {
    const leaders = Array.from({ length: controlPlanes }, (_, index) =>
      fixtureNode(index + 1, {
        roles: index === 0 ? ['Worker', 'ControlPlane'] : ['ControlPlane'],
      }),
    );
    const workers = extras.map((extra, index) => fixtureNode(controlPlanes + index + 1, extra));
    const nodes = [...leaders, ...workers];
    return {
      apiVersion: API_VERSION,
      kind: 'Cluster',
      metadata: { name: 'generated', project: 'defaultproject', ...metadata },
      spec: {
        type: 'mks',
        blueprint: { name: 'default' },
        config: {
          kubernetesVersion: versions[0],
          network: {
            cni: { name: 'Calico', version: versions[1] },
            podSubnet: '10.244.0.0/16',
            serviceSubnet: '10.96.0.0/12',
          },
          nodes: reversed ? nodes.toReversed() : nodes,
          ...config,
        },
      },
    };
  });

/** Every map of the document that has fields (not one of labels, flags and the like), with its path. */
function mapsOf(value: unknown, parts: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return value.flatMap((inner, i) => mapsOf(inner, [...parts, i]));
  if (!isRecord(value) || FREE_MAPS.has(String(parts.at(-1)))) return [];
  return [
    parts,
    ...Object.entries(value).flatMap(([key, inner]) => mapsOf(inner, [...parts, key])),
  ];
}
const FREE_MAPS = new Set(['labels', 'annotations', 'kubeletExtraArgs']);

describe('any valid cluster', () => {
  test('is accepted and comes back as it was', () => {
    fc.assert(
      fc.property(cluster, (generated) => {
        const parsed = parseCluster(generated, fixtureContext());
        expect(parsed).toEqual({ ok: true, cluster: generated, echo: generated, secrets: {} });
      }),
    );
  });

  test('with an unknown field anywhere is refused, with the path of the field', () => {
    fc.assert(
      fc.property(cluster, fc.nat(), (given, pick) => {
        const generated = structuredClone(given);
        const maps = mapsOf(generated);
        const parts = maps[pick % maps.length] ?? [];
        const target = parts.reduce<unknown>(
          (value, part) => (value as Record<string, unknown>)[part],
          generated,
        );
        Object.assign(target as object, { zzUnknown: 1 });
        const parsed = parseCluster(generated, fixtureContext());
        expect(parsed.ok).toBe(false);
        expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual([
          formatPath([...parts, 'zzUnknown']),
        ]);
      }),
    );
  });

  test('with anything at all in any place is answered, never thrown at', () => {
    fc.assert(
      fc.property(cluster, fc.nat(), fc.jsonValue(), (given, pick, value) => {
        const generated = structuredClone(given);
        const maps = mapsOf(generated);
        const parts = maps[pick % maps.length] ?? [];
        const target = parts.reduce<unknown>(
          (inner, part) => (inner as Record<string, unknown>)[part],
          generated,
        ) as Record<string, unknown>;
        const keys = Object.keys(target);
        target[keys[pick % keys.length] ?? ''] = value;
        const parsed = parseCluster(generated, fixtureContext());
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
    );
  });

  test('means the same in any order of its nodes', () => {
    fc.assert(
      fc.property(cluster, fc.infiniteStream(fc.nat()), (generated, keys) => {
        const shuffled = structuredClone(generated);
        const rank = new Map(shuffled.spec.config.nodes.map((node) => [node, keys.next().value]));
        shuffled.spec.config.nodes.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
        expect(normaliseForCompare(shuffled)).toBe(normaliseForCompare(generated));
      }),
    );
  });
});

test.each([
  ['taints', [{ key: 'a', effect: { toString: false } }]],
  ['annotations', { a: { toString: false } }],
])('an object that has no text in %s is a problem like any other', (field, value) => {
  const given = fixtureCluster();
  Object.assign(given.spec.config.nodes[0]!, { [field]: value });
  const parsed = parseCluster(given, fixtureContext());
  expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual([
    expect.stringMatching(new RegExp(`^spec\\.config\\.nodes\\[0\\]\\.${field}`)),
  ]);
});
