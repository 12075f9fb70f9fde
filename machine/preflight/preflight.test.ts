import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { aMachine, aSpec, type MachineChange } from '../../test/fixtures/facts/machine.js';
import type { EndpointFacts, KernelModules, MachineFacts } from '../facts.js';
import { preflight } from './preflight.js';
import type { PreflightFinding, PreflightInput } from './types.js';

const CLUSTER = 'the-cluster';
const GIB = 1024 ** 3;

/** Findings of a cluster that is healthy but for the changes: one control plane per change. */
function findings(
  changes: MachineChange | MachineChange[],
  input: Partial<PreflightInput> = {},
): PreflightFinding[] {
  const list = Array.isArray(changes) ? changes : [changes];
  const nodes = list.map((change, index) => aMachine(index + 1, change));
  const spec = input.spec ?? aSpec(nodes.map(({ node }) => node));
  return preflight({ clusterId: CLUSTER, nodes, ...input, spec });
}

const OURS = { ownerClusterId: CLUSTER };

interface Case {
  check: string;
  severity: 'error' | 'warning';
  bad: [title: string, change: MachineChange, found: string | RegExp][];
  good: [title: string, change: MachineChange][];
}

const worker = { roles: ['Worker'] as 'Worker'[] };
const kubernetes = {
  adminConf: false,
  kubeletConf: false,
  etcdData: false,
  kubeletActive: false,
};

const CASES: Case[] = [
  {
    check: 'operating-system',
    severity: 'error',
    bad: [['another system', { facts: { operatingSystem: 'Ubuntu22.04' } }, 'Ubuntu22.04']],
    good: [['the system of the spec', { facts: { operatingSystem: 'Debian12' } }]],
  },
  {
    check: 'architecture',
    severity: 'error',
    bad: [['another architecture', { facts: { arch: 'arm64' } }, 'arm64']],
    good: [['that of the spec', { facts: { arch: 'arm64' }, node: { arch: 'arm64' } }]],
  },
  {
    check: 'hostname',
    severity: 'error',
    bad: [['an underscore', { facts: { hostname: 'node_1' } }, 'node_1']],
    good: [['capitals', { facts: { hostname: 'N1' }, node: { hostname: 'n1' } }]],
  },
  {
    check: 'hostname',
    severity: 'warning',
    bad: [['another name than in the spec', { facts: { hostname: 'other' } }, 'other']],
    good: [['the name of the spec', {}]],
  },
  {
    check: 'private-ip',
    severity: 'error',
    bad: [['an address the machine has not', { node: { privateIP: '10.0.0.99' } }, '10.0.0.1']],
    good: [['an address of the machine', {}]],
  },
  {
    check: 'interface',
    severity: 'error',
    bad: [
      ['an interface without the address', { node: { interface: 'eth9' } }, '10.0.0.1 is on eth0'],
    ],
    good: [['the interface with the address', { node: { interface: 'eth0' } }]],
  },
  {
    check: 'default-route',
    severity: 'error',
    bad: [['no default route', { facts: { defaultRoutes: [] } }, 'none']],
    good: [['one default route', {}]],
  },
  {
    check: 'default-route',
    severity: 'warning',
    bad: [
      [
        'two default routes',
        {
          facts: {
            defaultRoutes: [{ interface: 'eth0', gateway: '10.0.0.254' }, { interface: 'wlan0' }],
          },
        },
        '10.0.0.254 on eth0, direct on wlan0',
      ],
    ],
    good: [['one default route', {}]],
  },
  {
    check: 'nameserver',
    severity: 'error',
    bad: [['no nameserver', { facts: { nameservers: [] } }, /no nameserver/]],
    good: [['a nameserver', { facts: { nameservers: ['10.0.0.254'] } }]],
  },
  {
    check: 'subnet-overlap',
    severity: 'error',
    bad: [
      [
        'an address inside podSubnet',
        { facts: { interfaces: [eth0('10.0.0.1'), link('docker0', '10.244.0.1')] } },
        '10.244.0.1 on docker0',
      ],
      [
        'an address inside serviceSubnet',
        { facts: { interfaces: [eth0('10.0.0.1'), link('eth1', '10.96.7.7')] } },
        '10.96.7.7 on eth1',
      ],
    ],
    good: [
      ['addresses elsewhere', {}],
      [
        "our own member's VXLAN address",
        {
          facts: { ...OURS, interfaces: [eth0('10.0.0.1'), link('vxlan.calico', '10.244.0.1')] },
        },
      ],
    ],
  },
  {
    check: 'cpu',
    severity: 'error',
    bad: [['one CPU on a control plane', { facts: { cpus: 1 } }, '1 CPUs']],
    good: [
      ['two CPUs on a control plane', { facts: { cpus: 2 } }],
      ['one CPU on a worker', { facts: { cpus: 1 }, node: worker }],
    ],
  },
  {
    check: 'memory',
    severity: 'error',
    bad: [
      ['1.5 GiB on a control plane', { facts: { memoryBytes: 1.5 * GIB } }, '1536 MiB'],
      ['0.5 GiB on a worker', { facts: { memoryBytes: GIB / 2 }, node: worker }, '512 MiB'],
    ],
    good: [
      ['1700 MiB on a control plane', { facts: { memoryBytes: 1700 * 1024 * 1024 } }],
      ['1.5 GiB on a worker', { facts: { memoryBytes: 1.5 * GIB }, node: worker }],
    ],
  },
  {
    check: 'disk',
    severity: 'error',
    bad: [
      ['9.9 GB free', disk('/var/lib', 9.99e9), '9.9 GB free on /var/lib'],
      [
        'little on the file system of containerd',
        {
          facts: {
            disks: [
              { path: '/var/lib', freeBytes: 50e9, totalBytes: 1e11 },
              { path: '/var/lib/containerd', freeBytes: 2e9, totalBytes: 1e10 },
            ],
          },
        },
        '2.0 GB free on /var/lib/containerd',
      ],
      ['0.5 GB free on our own machine', disk('/var/lib', 0.5e9, OURS), /^0\.5 GB/],
    ],
    good: [
      ['10 GB free', disk('/var/lib', 10e9)],
      ['5 GB free on a machine that has the images already', disk('/var/lib', 5e9, OURS)],
    ],
  },
  {
    check: 'port',
    severity: 'error',
    bad: [
      ['6443 taken on a control plane', port(6443, 'nginx'), '6443/tcp is held by nginx'],
      ['the kubelet port taken on a worker', { ...port(10250, 'x'), node: worker }, /10250\/tcp/],
      ['VXLAN taken by nobody we see', port(4789, undefined, 'udp'), /an unknown process/],
      ['a stranger on a port of our own machine', port(6443, 'nginx', 'tcp', OURS), /nginx/],
      ['the API server of a machine that is not ours', port(6443, 'kube-apiserver'), /6443/],
    ],
    good: [
      ['other ports', port(22, 'sshd')],
      ['6443 taken on a worker', { ...port(6443, 'nginx'), node: worker }],
      ["our own cluster's API server", port(6443, 'kube-apiserver', 'tcp', OURS)],
      ["our own cluster's VXLAN", port(4789, undefined, 'udp', OURS)],
    ],
  },
  {
    check: 'foreign-cluster',
    severity: 'error',
    bad: [
      [
        'claimed by another cluster',
        { facts: { ownerClusterId: 'another' } },
        'claimed by the cluster another',
      ],
      [
        "somebody's own kubeadm",
        { facts: { kubernetes: { ...kubernetes, kubeletConf: true, caSha256: 'ab'.repeat(32) } } },
        '/etc/kubernetes/kubelet.conf, the CA abababababab…',
      ],
      ['data of etcd', { facts: { kubernetes: { ...kubernetes, etcdData: true } } }, /etcd/],
    ],
    good: [
      ['a machine of nobody', {}],
      [
        'a member of this cluster',
        { facts: { ...OURS, kubernetes: { ...kubernetes, kubeletConf: true, etcdData: true } } },
      ],
    ],
  },
  {
    check: 'container-runtime',
    severity: 'error',
    bad: [
      ['docker', { facts: { activeRuntimes: ['docker.service'] } }, 'docker.service is active'],
      [
        'docker on our own machine',
        { facts: { ...OURS, activeRuntimes: ['docker.service'] } },
        /d/,
      ],
      [
        "somebody's containerd",
        { facts: { activeRuntimes: ['containerd.service'] } },
        /containerd/,
      ],
    ],
    good: [
      ['nothing', { facts: { activeRuntimes: [] } }],
      [
        'our own containerd and kubelet',
        { facts: { ...OURS, activeRuntimes: ['containerd.service', 'kubelet.service'] } },
      ],
    ],
  },
  {
    check: 'package-lock',
    severity: 'error',
    bad: [['apt at work', { facts: { packageLockHolder: 'apt (pid 9)' } }, 'held by apt (pid 9)']],
    good: [['a free package manager', {}]],
  },
  {
    check: 'kernel-module',
    severity: 'error',
    bad: [
      [
        'no VXLAN',
        { facts: { modules: { ...allModules(), vxlan: 'missing' } } },
        /^vxlan is neither/,
      ],
    ],
    good: [
      ['loadable', { facts: { modules: { ...allModules(), vxlan: 'loadable' } } }],
      ['built in', { facts: { modules: { ...allModules(), vxlan: 'builtin' } } }],
    ],
  },
  {
    check: 'writable',
    severity: 'error',
    bad: [['a read-only /etc', { facts: { readOnlyPaths: ['/etc'] } }, '/etc is read-only']],
    good: [['everything writable', { facts: { readOnlyPaths: [] } }]],
  },
  {
    check: 'firewall',
    severity: 'warning',
    bad: [['firewalld', { facts: { firewalls: ['firewalld'] } }, 'firewalld is active']],
    good: [['no firewall', { facts: { firewalls: [] } }]],
  },
  {
    check: 'systemd',
    severity: 'warning',
    bad: [['no systemd', { facts: { systemd: 'absent' } }, 'no systemd']],
    good: [['a degraded systemd', { facts: { systemd: 'degraded' } }]],
  },
  {
    check: 'facts',
    severity: 'warning',
    bad: [['no word on memory', { without: ['memoryBytes'] }, 'not known: memoryBytes']],
    good: [['every fact', {}]],
  },
];

describe('preflight', () => {
  it('finds nothing on healthy machines', () => {
    expect(findings([{}, {}, { node: worker }])).toEqual([]);
  });

  for (const { check, severity, bad, good } of CASES) {
    it.each(bad)(`reports ${check} as ${severity}: %s`, (_title, change, found) => {
      const [finding, ...others] = findings(change).filter((each) => each.check === check);

      expect(others).toEqual([]);
      expect(finding).toMatchObject({ node: 'n1', severity });
      if (typeof found === 'string') expect(finding?.found).toBe(found);
      else expect(finding?.found).toMatch(found);
      expect(finding?.wanted).not.toBe('');
      expect(finding?.fix).not.toBe('');
    });

    it.each(good)(`lets ${check} pass: %s`, (_title, change) => {
      expect(
        findings(change).filter((each) => each.check === check && each.severity === severity),
      ).toEqual([]);
    });
  }

  it.each([
    ['Debian13', 'set operatingSystem to Debian13'],
    ['Arch1', 'Arch1 is not supported: install Debian12'],
  ])('tells what to do about a machine that runs %s', (operatingSystem, fix) => {
    const [finding] = findings({ facts: { operatingSystem } });

    expect(finding).toMatchObject({ check: 'operating-system', found: operatingSystem });
    expect(finding?.fix).toContain(fix);
  });

  it.each([
    [['10.0.0.1', 'fe80::1'], ['ipv6-address']],
    [['10.0.0.1', 'fd00:7::1'], []],
  ])('asks a machine of a dual-stack cluster for an IPv6 address: %j', (addresses, checks) => {
    const machine = aMachine(1, {
      node: { privateIP: '10.0.0.1' },
      facts: { interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses }] },
    });
    const spec = aSpec([machine.node]);
    const check = () =>
      preflight({ clusterId: CLUSTER, nodes: [machine], spec }).map(({ check: name }) => name);

    expect(check()).toEqual([]);
    spec.config.network.ipv6 = { podSubnet: 'fd00:10::/56', serviceSubnet: 'fd00:20::/112' };
    expect(check()).toEqual(checks);
  });

  describe('of a load balancer that the spec names', () => {
    const about = (
      endpoint: EndpointFacts,
      { facts = {}, initialised = false }: { facts?: Partial<MachineFacts>; initialised?: boolean },
    ): PreflightFinding[] => {
      const machine = aMachine(1, { facts: { endpoint, ...facts } });
      const spec = aSpec([machine.node]);
      spec.config.network.controlPlaneEndpoint = 'lb.example.net:443';
      return preflight({ clusterId: CLUSTER, nodes: [machine], spec, initialised });
    };
    const addresses = ['192.0.2.9'];
    const ownCa = { ...OURS, kubernetes: { ...kubernetes, caSha256: 'ca' } };

    it.each<[string, EndpointFacts, { facts?: Partial<MachineFacts>; initialised?: boolean }]>([
      ['that has nobody to forward to yet', { addresses, state: 'closed' }, {}],
      ['that listens, whoever that is', { addresses, state: 'open' }, {}],
      [
        'that leads to our own half-made control plane',
        { addresses, state: 'kubernetes', caSha256: 'ca' },
        { facts: ownCa },
      ],
      ['of a cluster that is there', { addresses, state: 'kubernetes' }, { initialised: true }],
    ])('lets pass one %s', (_title, endpoint, state) => {
      expect(about(endpoint, state)).toEqual([]);
    });

    it.each<[string, EndpointFacts, { facts?: Partial<MachineFacts>; initialised?: boolean }]>([
      ['lb.example.net does not resolve', { addresses: [] }, {}],
      ['what answers at lb.example.net:443 is no API server', { addresses, state: 'other' }, {}],
      [
        "another cluster's API server answers at lb.example.net:443",
        { addresses, state: 'kubernetes', caSha256: 'another' },
        { facts: ownCa },
      ],
      [
        "another cluster's API server answers at lb.example.net:443",
        { addresses, state: 'kubernetes' },
        {},
      ],
      [
        'nothing answers at lb.example.net:443',
        { addresses, state: 'closed' },
        { initialised: true },
      ],
    ])('reports: %s', (found, endpoint, state) => {
      expect(about(endpoint, state)).toMatchObject([
        { node: 'n1', check: 'control-plane-endpoint', severity: 'error', found },
      ]);
    });

    it('needs no port for a proxy of ours', () => {
      const taken = { ports: [{ port: 7443, protocol: 'tcp' as const, process: 'x' }] };
      expect(about({ addresses, state: 'closed' }, { facts: taken })).toEqual([]);
      expect(findings({ facts: taken })).toMatchObject([{ check: 'port' }]);
    });
  });

  it('takes the nameservers of the spec where the machine has none', () => {
    const machine = aMachine(1, { facts: { nameservers: [] } });
    const spec = aSpec([machine.node]);
    spec.config.network.nameservers = ['10.0.0.53'];

    expect(findings({ facts: { nameservers: [] } }, { spec })).toEqual([]);
  });

  it.each([
    ['v1.35.4', 1, ['cgroup']],
    ['v1.36.0', 1, ['cgroup']],
    ['v1.35.4', 2, []],
    ['v1.34.4', 1, []],
  ] as const)('judges cgroups by the version: %s on v%i', (version, cgroupVersion, checks) => {
    const spec = aSpec([aMachine(1).node], version);
    const found = findings({ facts: { cgroupVersion } }, { spec });

    expect(found.map(({ check }) => check)).toEqual(checks);
    expect(found.every(({ severity }) => severity === 'warning')).toBe(true);
  });

  it('names the ports that a firewall must let through, by role', () => {
    const [controlPlane] = findings({ facts: { firewalls: ['ufw'] } });
    const [other] = findings({ facts: { firewalls: ['ufw'] }, node: worker });

    expect(controlPlane?.wanted).toContain('6443/tcp');
    expect(other?.wanted).not.toContain('6443/tcp');
    expect(other?.wanted).toContain('10250/tcp');
  });

  it.each<[string, MachineChange, MachineChange]>([
    [
      'unique-hostname',
      { facts: { hostname: 'same' }, node: { hostname: 'same' } },
      { facts: { hostname: 'SAME' } },
    ],
    ['unique-machine-id', { facts: { machineId: 'm' } }, { facts: { machineId: 'm' } }],
    ['unique-boot', { facts: { bootId: 'b' } }, { facts: { bootId: 'b' } }],
    [
      'unique-mac',
      { facts: { interfaces: [eth0('10.0.0.1', 'AA:00:00:00:00:01')] } },
      { facts: { interfaces: [eth0('10.0.0.2', 'aa:00:00:00:00:01')] } },
    ],
    [
      'unique-private-ip',
      {},
      { node: { privateIP: '10.0.0.1' }, facts: { interfaces: [eth0('10.0.0.1', 'other')] } },
    ],
  ])('reports %s on both machines that share it', (check, first, second) => {
    const shared = findings([first, second, {}]).filter((each) => each.check === check);

    expect(shared).toHaveLength(2);
    expect(shared.every(({ severity }) => severity === 'error')).toBe(true);
    expect(shared[0]?.found).toContain('as on n2');
  });

  it('only warns about an equal product_uuid, which some firmware gives to all', () => {
    const same = { facts: { productUuid: '4C4C4544-0000-1010-8020-AAAAAAAAAAAA' } };

    expect(findings([same, same])).toMatchObject([
      { node: 'n1', check: 'unique-product-uuid', severity: 'warning' },
      { node: 'n2', check: 'unique-product-uuid', severity: 'warning' },
    ]);
  });

  it.each([
    '00000000-0000-0000-0000-000000000000',
    '03000200-0400-0500-0006-000700080009',
    'Not Settable',
  ])('knows the product_uuid %s to be none', (productUuid) => {
    expect(findings([{ facts: { productUuid } }, { facts: { productUuid } }])).toEqual([]);
  });

  it("does not mind containers that share their host's product_uuid", () => {
    const nspawn = { facts: { productUuid: 'abcd', virtualization: 'systemd-nspawn' } };

    expect(findings([nspawn, nspawn])).toEqual([]);
  });

  it.each<[number[], string[]]>([
    [[40_000, 0, 0], ['n1']],
    [[-40_000, 0, 0], ['n1']],
    [[40_000], ['n1']],
    [[-40_000], ['n1']],
    [[0, 40_000], ['n2']],
    [[30_000, 0], []],
    [[40_000, 40_000, 41_000], []],
    [[90_000, 90_000, 0, 90_000], ['n3']],
  ])('with the clocks off by %j ms reports %j', (offsets, nodes) => {
    const found = findings(offsets.map((clockOffsetMs) => ({ facts: { clockOffsetMs } })));

    expect(found.map(({ node }) => node)).toEqual(nodes);
    expect(found.every(({ check }) => check === 'clock')).toBe(true);
  });

  it('never calls the majority of clocks wrong', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.array(fc.integer({ min: -1e7, max: 1e7 }), { maxLength: 3 }),
        (base, others) => {
          const right = Array.from({ length: others.length + 2 }, () => base);
          const wrong = findings(
            [...right, ...others].map((clockOffsetMs) => ({ facts: { clockOffsetMs } })),
          ).map(({ node }) => node);
          const good = right.map((_, index) => `n${String(index + 1)}`);

          expect(wrong.filter((node) => good.includes(node))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reports every problem of every machine at once, in the order of the nodes', () => {
    const found = findings([
      { facts: { cpus: 1, firewalls: ['ufw'] } },
      {},
      { facts: { memoryBytes: 1 }, node: { privateIP: '10.9.9.9' } },
    ]);

    expect(found.map(({ node, check }) => `${node} ${check}`)).toEqual([
      'n1 cpu',
      'n1 firewall',
      'n3 private-ip',
      'n3 memory',
    ]);
  });
});

function eth0(address: string, mac = `02:ff:00:00:00:${address.split('.')[3] ?? ''}`) {
  return { name: 'eth0', mac, addresses: [address] };
}

function link(name: string, address: string) {
  return { name, addresses: [address] };
}

function disk(path: string, freeBytes: number, facts: MachineChange['facts'] = {}): MachineChange {
  return { facts: { ...facts, disks: [{ path, freeBytes, totalBytes: 100e9 }] } };
}

function port(
  number: number,
  process: string | undefined,
  protocol: 'tcp' | 'udp' = 'tcp',
  facts: MachineChange['facts'] = {},
): MachineChange {
  return { facts: { ...facts, ports: [{ port: number, protocol, ...(process && { process }) }] } };
}

function allModules(): KernelModules {
  return { overlay: 'loaded', br_netfilter: 'loaded', nf_conntrack: 'loaded', vxlan: 'loaded' };
}
