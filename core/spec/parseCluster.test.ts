import { describe, expect, test } from 'vitest';
import { all, set, unset } from '../../test/fixtures/change.js';
import { fixtureCluster, fixtureContext, fixtureNode } from '../../test/fixtures/cluster.js';
import { problemsAfter } from '../../test/fixtures/problems.js';
import { SERVER_METADATA } from '../serverMetadata.js';
import { parseCluster } from './parseCluster.js';

function accepted(raw: unknown): Extract<ReturnType<typeof parseCluster>, { ok: true }> {
  const parsed = parseCluster(raw, fixtureContext());
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

describe('what is accepted', () => {
  test('comes back exactly as given', () => {
    expect(accepted(fixtureCluster()).cluster).toEqual(fixtureCluster());
    expect(accepted(fixtureCluster()).echo).toEqual(fixtureCluster());
  });

  test('keys keep their order, so that an answer reads like the request', () => {
    const node = { ...fixtureNode(1, { roles: ['Worker', 'ControlPlane'] }) };
    const reversed = Object.fromEntries(Object.entries(node).toReversed());
    const cluster = { ...fixtureCluster(0) };
    const raw = {
      ...cluster,
      spec: { ...cluster.spec, config: { ...cluster.spec.config, nodes: [reversed] } },
    };
    expect(JSON.stringify(accepted(raw).cluster.spec)).toBe(JSON.stringify(raw.spec));
  });

  test('loses status and server-set metadata', () => {
    const raw = fixtureCluster();
    for (const key of SERVER_METADATA) set(`metadata.${key}`, 'x')(raw);
    set('status', { commonStatus: 7 })(raw);
    expect(accepted(raw).cluster).toEqual(fixtureCluster());
  });

  test('gets the project of the URL where it names none', () => {
    const raw = fixtureCluster();
    unset('metadata.project')(raw);
    expect(accepted(raw).cluster.metadata.project).toBe('defaultproject');
  });

  test('is a copy: a later change of the request changes nothing', () => {
    const raw = fixtureCluster();
    const { cluster, echo } = accepted(raw);
    set('spec.config.nodes[0].hostname', 'changed')(raw);
    expect(cluster).toEqual(fixtureCluster());
    expect(echo).toEqual(fixtureCluster());
  });
});

describe('what is refused', () => {
  test.each([undefined, null, 'text', 7, [], [fixtureCluster()]])('a body of %j', (raw) => {
    expect(parseCluster(raw, fixtureContext())).toEqual({
      ok: false,
      problems: [{ path: '', message: expect.stringContaining('must be a Cluster') as string }],
    });
  });

  test('an empty map names everything that is missing', () => {
    const parsed = parseCluster({}, fixtureContext());
    expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'spec',
    ]);
  });

  test('wrong types do not hide what is wrong between fields', () => {
    const problems = problemsAfter(
      all(
        set('spec.config.nodes[0].arch', 7),
        set('spec.config.nodes[1].hostName', 'x'),
        set('spec.config.nodes[2].hostname', 'm2'),
        set('spec.config.network.serviceSubnet', '10.244.0.0/16'),
        set('spec.config.installerTtl', 'long'),
        set('spec.config.network.cni.name', 'Cilium'),
        set('spec.config.highAvailability', true),
        unset('metadata.name'),
      ),
    );
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'metadata.name',
      'spec.config.highAvailability',
      'spec.config.installerTtl',
      'spec.config.network.cni.name',
      'spec.config.network.serviceSubnet',
      'spec.config.nodes[0].arch',
      'spec.config.nodes[1].hostName',
      'spec.config.nodes[2].hostname',
    ]);
  });

  test('write-only values are never in a message', () => {
    const problems = problemsAfter(
      all(
        set('spec.config.nodes[0].ssh.passphrase', ['hunter2']),
        set('spec.config.nodes[1].ssh.passphrase', { hunter2: 'hunter2' }),
        set('spec.config.ssh', { passphrase: 'hunter2' }),
        set('spec.proxy', { enabled: true, proxyAuth: 'hunter2' }),
      ),
    );
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  test('no document makes it throw', () => {
    const odd = [null, 7, 'x', [], {}, [null], [[]], { a: null }, true];
    for (const value of odd) {
      for (const path of ODD_PLACES) {
        expect(
          () => problemsAfter(set(path, value)),
          `${path} = ${JSON.stringify(value)}`,
        ).not.toThrow();
      }
    }
  });
});

const ODD_PLACES = [
  'metadata',
  'spec',
  'spec.config',
  'spec.config.nodes',
  'spec.config.nodes[0]',
  'spec.config.nodes[0].roles',
  'spec.config.nodes[0].ssh',
  'spec.config.nodes[0].labels',
  'spec.config.nodes[0].taints',
  'spec.config.nodes[0].kubeletConfigurationOverrides',
  'spec.config.network',
  'spec.config.network.podSubnet',
  'spec.config.network.cni',
  'spec.config.network.ipv6',
  'spec.config.network.nameservers',
  'spec.config.ssh',
  'spec.config.controlPlaneOverrides',
  'spec.config.kubeletExtraArgs',
  'spec.blueprint',
  'spec.proxy',
  'spec.sharing',
  'spec.cloudCredentials',
  'spec.systemComponentsPlacement',
];

describe('a thousand nodes', () => {
  /** Milliseconds; about 50 on an idle machine. */
  const BOUND = 200;
  /** A busy machine may take a core away in the middle of a run, but not of every run. */
  const DEADLINE = 10_000;

  function fastest(raw: unknown, enough: number): number {
    const began = performance.now();
    let best = Infinity;
    while (best >= enough && performance.now() - began < DEADLINE) {
      const start = performance.now();
      parseCluster(raw, fixtureContext());
      best = Math.min(best, performance.now() - start);
    }
    return best;
  }

  test('are checked in less than 200 ms', () => {
    const cluster = fixtureCluster(999);
    expect(accepted(cluster).cluster.spec.config.nodes).toHaveLength(1000);
    expect(fastest(cluster, BOUND)).toBeLessThan(BOUND);
  });

  test('are refused as fast when every one of them is wrong', () => {
    const cluster = fixtureCluster(999);
    for (const node of cluster.spec.config.nodes) {
      Object.assign(node, { hostname: 'same', operatingSystem: 'debian12', colour: 'blue' });
    }
    const parsed = parseCluster(cluster, fixtureContext());
    expect(parsed.ok ? 0 : parsed.problems.length).toBe(2999);
    expect(fastest(cluster, 2 * BOUND)).toBeLessThan(2 * BOUND);
  });
});
