import { describe, expect, test } from 'vitest';
import { byNameOnly } from '../../test/fixtures/byNameOnly.js';
import { fixtureCluster, fixtureNode } from '../../test/fixtures/cluster.js';
import type { ClusterSpec } from '../cluster.js';
import { immutableFromSubmit, immutableProblems, versionProblems } from './immutableProblems.js';

type Change = (spec: ClusterSpec) => void;

function problemsOf(change: Change, prepare: Change = () => undefined): string[] {
  const applied = fixtureCluster().spec;
  prepare(applied);
  const desired = structuredClone(applied);
  change(desired);
  return immutableProblems(applied, desired).map(({ path, message }) => `${path}: ${message}`);
}

const refused: [string, Change, RegExp][] = [
  [
    'the pod subnet',
    (spec) => (spec.config.network.podSubnet = '10.0.0.0/14'),
    /^spec\.config\.network\.podSubnet: is "10.240.0.0\/12" and cannot become "10.0.0.0\/14": .*delete the cluster/,
  ],
  [
    'the service subnet',
    (spec) => (spec.config.network.serviceSubnet = '10.97.0.0/16'),
    /^spec\.config\.network\.serviceSubnet: .*delete the cluster/,
  ],
  [
    'dual-stack',
    (spec) => (spec.config.network.ipv6 = { podSubnet: 'fd00::/56', serviceSubnet: 'fd01::/112' }),
    /^spec\.config\.network\.ipv6\.podSubnet: is unset and cannot become "fd00::\/56"/,
  ],
  [
    'the load balancer',
    (spec) => (spec.config.network.controlPlaneEndpoint = 'lb.example.net'),
    /^spec\.config\.network\.controlPlaneEndpoint: is unset and cannot become "lb.example.net:6443": it is built into the cluster; delete the cluster and create it anew/,
  ],
  [
    'the CNI',
    (spec) => (spec.config.network.cni.name = 'Cilium'),
    /^spec\.config\.network\.cni\.name: .*delete the cluster/,
  ],
  [
    'the nameservers',
    (spec) => (spec.config.network.nameservers = ['10.0.0.2']),
    /^spec\.config\.network\.nameservers: is unset/,
  ],
  [
    'the control planes’ flags',
    (spec) => (spec.config.controlPlaneOverrides = { kubeScheduler: { extraArgs: { v: '4' } } }),
    /^spec\.config\.controlPlaneOverrides: /,
  ],
  [
    'the proxy',
    (spec) => (spec.proxy = { enabled: true, httpProxy: 'http://p.example.com' }),
    /^spec\.proxy: /,
  ],
  [
    "a node's roles",
    (spec) => spec.config.nodes[1]?.roles.push('ControlPlane'),
    /^spec\.config\.nodes\[1\]\.roles: .*remove the node/,
  ],
  [
    "a node's privateIP",
    (spec) => spec.config.nodes.splice(2, 1, fixtureNode(3, { privateIP: '10.77.0.99' })),
    /^spec\.config\.nodes\[2\]\.privateIP: is "10.77.0.13" and cannot become "10.77.0.99"/,
  ],
  [
    "a node's interface",
    (spec) => spec.config.nodes.splice(2, 1, fixtureNode(3, { interface: 'eth1' })),
    /^spec\.config\.nodes\[2\]\.interface: /,
  ],
];

const allowed: [string, Change][] = [
  ['nothing', () => undefined],
  [
    'the order of nodes and roles',
    (spec) => {
      spec.config.nodes.reverse();
      for (const node of spec.config.nodes) node.roles.reverse();
    },
  ],
  ['the spelling of the CNI’s version', (spec) => (spec.config.network.cni.version = 'v3.28.5')],
  ['a new node', (spec) => spec.config.nodes.push(fixtureNode(9))],
  ['a dropped node', (spec) => spec.config.nodes.pop()],
  ['labels', (spec) => spec.config.nodes.splice(2, 1, fixtureNode(3, { labels: { a: 'b' } }))],
  ['flags of the kubelet', (spec) => (spec.config.kubeletExtraArgs = { v: '4' })],
  ['settings of the kubelet', (spec) => (spec.config.kubeletConfigurationOverrides = 'maxPods: 1')],
  [
    "a node's own kubelet settings",
    (spec) => spec.config.nodes.splice(2, 1, fixtureNode(3, { kubeletExtraArgs: { v: '4' } })),
  ],
  ['the blueprint', (spec) => (spec.blueprint.name = 'minimal')],
  [
    'what is left out or empty',
    (spec) => {
      spec.config.network.nameservers = [];
      spec.proxy = { enabled: false };
    },
  ],
  [
    'where a machine is reached',
    (spec) => spec.config.nodes.splice(2, 1, fixtureNode(3, { ssh: {} })),
  ],
];

describe('immutableProblems', () => {
  test.each(refused)('a change of %s is refused', (_what, change, wanted) => {
    expect(problemsOf(change)[0]).toMatch(wanted);
  });

  test.each(allowed)('a change of %s is allowed', (_what, change) => {
    expect(problemsOf(change)).toEqual([]);
  });

  test('another spelling of the same IPv6 range is no change', () => {
    const problems = problemsOf(
      (spec) => (spec.config.network.ipv6 = { podSubnet: 'FD00:0::/56' }),
      (spec) => (spec.config.network.ipv6 = { podSubnet: 'fd00::/56' }),
    );
    expect(problems).toEqual([]);
  });

  test("the proxy's password is not in the message, and not compared", () => {
    const proxy = { enabled: true, httpProxy: 'http://p.example.com', proxyAuth: 'me:hunter2' };
    expect(
      problemsOf(
        (spec) => (spec.proxy = proxy),
        (spec) => (spec.proxy = { enabled: true, httpProxy: 'http://p.example.com' }),
      ),
    ).toEqual([]);
    expect(problemsOf((spec) => (spec.proxy = proxy)).join()).not.toContain('hunter2');
  });

  test('everything that changed is told at once', () => {
    const problems = problemsOf((spec) => {
      for (const [, change] of refused.slice(0, 7)) change(spec);
    });
    expect(problems).toHaveLength(8);
  });
});

describe('the load balancer', () => {
  const named = (name: string): Change => {
    return (spec) => (spec.config.network.controlPlaneEndpoint = name);
  };

  test('is the same with and without its port, and in every spelling of an address', () => {
    expect(problemsOf(named('lb.example.net:6443'), named('lb.example.net'))).toEqual([]);
    expect(problemsOf(named('[FD00:0::9]:6443'), named('fd00::9'))).toEqual([]);
    expect(problemsOf(named('lb.example.net:443'), named('lb.example.net'))[0]).toContain(
      'is "lb.example.net:6443" and cannot become "lb.example.net:443"',
    );
  });

  test('can be corrected until the first control plane is there, unlike the networks', () => {
    const submitted = fixtureCluster().spec;
    const desired = structuredClone(submitted);
    desired.config.network.controlPlaneEndpoint = 'lb.example.net';
    expect(immutableFromSubmit(submitted, desired)).toEqual([]);
    desired.config.network.podSubnet = '10.0.0.0/14';
    expect(immutableFromSubmit(submitted, desired)).toHaveLength(1);
  });
});

describe('what a machine has yet to register', () => {
  test('is no change of what was applied', () => {
    expect(
      problemsOf((spec) => {
        spec.config.nodes = spec.config.nodes.map(byNameOnly);
      }),
    ).toEqual([]);
  });
});

describe('versionProblems', () => {
  const runs = (kubernetesVersion: string, calico: string, created = true) => ({
    ...{ created, kubernetesVersion, network: { version: calico } },
  });
  const to = (version: string): string[] => {
    const { spec } = fixtureCluster();
    spec.config.kubernetesVersion = version;
    return versionProblems(runs('v1.34.4', '3.28.5'), spec).map(
      ({ path, message }) => `${path}: ${message}`,
    );
  };

  test.each(['v1.34.4', 'v1.34.9', 'v1.35.0'])('an upgrade to %s is none', (version) => {
    expect(to(version)).toEqual([]);
  });

  test.each(['v1.34.3', 'v1.33.9'])('a downgrade to %s is one, and says why', (version) => {
    expect(to(version)).toEqual([
      `spec.config.kubernetesVersion: is v1.34.4 and cannot become ${version}: Kubernetes cannot be downgraded, its data would be newer than its API server`,
    ]);
  });

  test.each([
    ['v1.34.4', /^cannot become v1\.34\.4: an upgrade to v1\.35\.4 has begun on a control plane/],
    ['v1.35.3', /^cannot become v1\.35\.3: /],
    ['v1.35.4', undefined],
    ['v1.35.6', undefined],
  ])(
    'once one to v1.35.4 has begun, however it went, %s is none, or none any more',
    (version, said) => {
      const { spec } = fixtureCluster();
      spec.config.kubernetesVersion = version;
      const running = { ...runs('v1.34.4', '3.28.5'), upgradeBegun: 'v1.35.4' };
      const [problem] = versionProblems(running, spec);
      if (said === undefined) expect(problem).toBeUndefined();
      else expect(problem?.message).toMatch(said);
    },
  );

  test('an upgrade that would need crictl is one', () => {
    const { spec } = fixtureCluster();
    spec.config.kubernetesVersion = 'v1.29.1';
    expect(versionProblems(runs('v1.28.9', '3.28.5'), spec)[0]?.message).toMatch(
      /1\.32 and later only$/,
    );
  });

  test.each([
    ['3.28.5', /: Calico 3\.28\.5 is not for Kubernetes 1\.32, which is on the way$/],
    ['3.31.2', undefined],
  ])(
    'an upgrade over several minors takes a Calico that is for each of them: %s',
    (calico, wanted) => {
      const { spec } = fixtureCluster();
      spec.config.kubernetesVersion = 'v1.35.4';
      spec.config.network.cni.version = calico;
      const [problem] = versionProblems(runs('v1.31.1', calico), spec);
      if (wanted === undefined) expect(problem).toBeUndefined();
      else expect(problem?.message).toMatch(wanted);
    },
  );

  test('nothing runs yet: any version may be chosen', () => {
    expect(versionProblems({ created: false }, fixtureCluster().spec)).toEqual([]);
  });

  const moved = (calico: string, kubernetesVersion: string) => {
    const { spec } = fixtureCluster();
    spec.config.kubernetesVersion = kubernetesVersion;
    spec.config.network.cni.version = calico;
    return spec;
  };

  test.each(['3.28.4', 'v3.26.1'])('Calico is not taken back to %s', (version) => {
    expect(versionProblems(runs('v1.34.4', 'v3.28.5'), moved(version, 'v1.34.4'))).toEqual([
      {
        path: 'spec.config.network.cni.version',
        message: expect.stringMatching(/^is 3\.28\.5 and cannot become 3\.2.*an older version/),
      },
    ]);
  });

  test.each([
    ['v1.34.4', 'v3.28.5', 'v1.34.4'],
    ['v1.34.4', '3.31.2', 'v1.34.4'],
    ['v1.32.1', '3.31.2', 'v1.35.4'],
  ])('of %s, Calico becomes %s with Kubernetes %s', (from, calico, to) => {
    expect(versionProblems(runs(from, '3.28.5'), moved(calico, to))).toEqual([]);
  });

  test('of what was applied last where nothing is recorded of the network', () => {
    const { spec } = fixtureCluster();
    const problems = versionProblems(
      { created: true, kubernetesVersion: 'v1.34.4', spec },
      moved('3.27.1', 'v1.34.4'),
    );
    expect(problems).toMatchObject([{ path: 'spec.config.network.cni.version' }]);
  });

  test('the way is told where neither the old nor the new Calico goes with a minor on it', () => {
    expect(versionProblems(runs('v1.31.1', '3.29.2'), moved('3.31.2', 'v1.34.4'))).toEqual([]);
    const [problem, ...more] = versionProblems(
      runs('v1.31.1', '3.29.1'),
      moved('3.32.1', 'v1.35.1'),
    );
    expect(more).toEqual([]);
    expect(problem).toEqual({
      path: 'spec.config.kubernetesVersion',
      message:
        'is v1.31.1 and cannot become v1.35.1 at once: neither Calico 3.29.1 nor 3.32.1 is for Kubernetes 1.33, ' +
        'which is on the way; go there first, with Calico 3.30.x or 3.31.x',
    });
  });

  test('a creation ends with the Kubernetes that it was begun with: Calico has to go with that', () => {
    const spec = moved('3.32.1', 'v1.35.1');
    const { network: _none, ...begun } = runs('v1.33.1', '', false);
    expect(versionProblems(begun, spec)[0]?.message).toMatch(
      /^cannot become v1\.35\.1 yet: the creation was begun with v1\.33\.1 .*Calico 3\.32\.1 is not for$/,
    );
    expect(versionProblems({ ...begun, kubernetesVersion: 'v1.34.1' }, spec)).toEqual([]);
    expect(versionProblems(runs('v1.33.1', '3.31.1', false), spec)).toEqual([]);
  });
});
