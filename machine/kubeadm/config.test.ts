import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import type { ClusterConfig, NodeSpec } from '../../core/cluster.js';
import { fixtureNode } from '../../test/fixtures/cluster.js';
import {
  fixtureCertificateKey,
  fixtureJoin,
  fixtureStepContext,
  type ContextChange,
} from '../../test/fixtures/stepContext.js';
import { initConfig, joinConfig, uploadCertsConfig } from './config.js';

/** Documents by their kind. */
function documents(text: string): Record<string, Record<string, unknown>> {
  const all = parseAllDocuments(text).map((each) => each.toJS() as { kind: string });
  return Object.fromEntries(all.map((each) => [each.kind, each as Record<string, unknown>]));
}
const init = (change: ContextChange = {}) =>
  documents(initConfig(fixtureStepContext({ join: fixtureJoin, ...change })));
const join = (change: ContextChange = {}) =>
  documents(joinConfig(fixtureStepContext({ join: fixtureJoin, ...change })));
const registration = (all: ReturnType<typeof documents>): Record<string, unknown> =>
  (all['InitConfiguration'] ?? all['JoinConfiguration'])!['nodeRegistration'] as never;

const converged = (change: Partial<NodeSpec> = {}) => [
  fixtureNode(1, { roles: ['ControlPlane', 'Worker'], ...change }),
  fixtureNode(2),
];
const VERSIONS = [
  { kubernetesVersion: 'v1.28.9', api: 'v1beta3' },
  { kubernetesVersion: 'v1.34.4', api: 'v1beta4' },
] as const;
const on = (kubernetesVersion: string, config: Partial<ClusterConfig> = {}): ContextChange => ({
  config: {
    kubernetesVersion,
    ...(kubernetesVersion === 'v1.28.9'
      ? {
          network: {
            cni: { name: 'Calico', version: '3.26.1' },
            podSubnet: '10.244.0.0/16',
            serviceSubnet: '10.96.0.0/12',
          },
        }
      : {}),
    ...config,
  },
});
/** As each version of kubeadm's API writes flags. */
const flags = (api: string, args: Record<string, string>): unknown =>
  api === 'v1beta3' ? args : Object.entries(args).map(([name, value]) => ({ name, value }));

describe.each(VERSIONS)('kubeadm $api', ({ kubernetesVersion, api }) => {
  it('is the API of every document of its own', () => {
    const all = { ...init(on(kubernetesVersion)), ...join(on(kubernetesVersion)) };
    const own = ['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration'];
    for (const kind of own) expect(all[kind]?.['apiVersion']).toBe(`kubeadm.k8s.io/${api}`);
  });

  it("merges the cluster's and the node's kubelet flags, the node's winning", () => {
    const change = on(kubernetesVersion, {
      kubeletExtraArgs: { v: '2', 'max-pods': '64' },
    });
    const all = init({ ...change, nodes: converged({ kubeletExtraArgs: { v: '4' } }) });
    expect(registration(all)['kubeletExtraArgs']).toEqual(
      flags(api, { v: '4', 'max-pods': '64', 'node-ip': converged()[0]!.privateIP }),
    );
  });

  it('gives the control plane its flags and volumes', () => {
    const overrides = {
      extraArgs: { 'audit-log-path': '/var/log/audit/a.log' },
      extraVolumes: [
        { name: 'audit', hostPath: { path: '/var/log/audit', type: 'DirectoryOrCreate' } },
      ],
      extraVolumeMounts: [{ name: 'audit', mountPath: '/var/log/audit', readOnly: false }],
    };
    const { ClusterConfiguration } = init(
      on(kubernetesVersion, {
        controlPlaneOverrides: {
          kubeApiserver: overrides,
          kubeControllerManager: { extraArgs: { v: '3' } },
          kubeScheduler: { extraArgs: { v: '4' } },
        },
      }),
    );
    expect(ClusterConfiguration).toMatchObject({
      apiServer: {
        extraArgs: flags(api, { ...watchesEnd('10s'), ...overrides.extraArgs }),
        extraVolumes: [
          {
            name: 'audit',
            hostPath: '/var/log/audit',
            mountPath: '/var/log/audit',
            pathType: 'DirectoryOrCreate',
            readOnly: false,
          },
        ],
      },
      controllerManager: { extraArgs: flags(api, { v: '3' }) },
      scheduler: { extraArgs: flags(api, { v: '4' }) },
    });
  });

  it('has an API server that is told to end end its watches, in the time that people want', () => {
    const argsOf = (extraArgs?: Record<string, string>): unknown => {
      const controlPlaneOverrides = extraArgs && { kubeApiserver: { extraArgs } };
      const { ClusterConfiguration } = init(
        on(kubernetesVersion, controlPlaneOverrides && { controlPlaneOverrides }),
      );
      return (ClusterConfiguration as { apiServer: { extraArgs: unknown } }).apiServer.extraArgs;
    };
    expect(argsOf()).toEqual(flags(api, watchesEnd('10s')));
    expect(argsOf(watchesEnd('25s'))).toEqual(flags(api, watchesEnd('25s')));
  });
});

function watchesEnd(within: string): Record<string, string> {
  return { 'shutdown-watch-termination-grace-period': within };
}

describe("kubeadm's timeouts", () => {
  it('are ours where its API has them', () => {
    expect(init()['InitConfiguration']).toHaveProperty('timeouts');
    expect(init(on('v1.28.9'))['InitConfiguration']).not.toHaveProperty('timeouts');
  });
});

describe('a control plane', () => {
  const nodes = (roles: NodeSpec['roles']) => [fixtureNode(1, { roles }), fixtureNode(2)];
  const taint = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }];

  it('that takes work has no taint, and kubeadm is told so', () => {
    expect(registration(init({ nodes: nodes(['ControlPlane', 'Worker']) }))['taints']).toEqual([]);
  });

  it('that is no Worker, or is dedicated, keeps work away', () => {
    expect(registration(init({ nodes: nodes(['ControlPlane']) }))['taints']).toEqual(taint);
    const dedicated = { nodes: nodes(['ControlPlane']), config: { dedicatedControlPlane: true } };
    expect(registration(init(dedicated))['taints']).toEqual(taint);
  });

  it('joins with a certificate key, a worker without', () => {
    const withKey = { ...fixtureJoin, certificateKey: fixtureCertificateKey };
    expect(join({ join: withKey })['JoinConfiguration']?.['controlPlane']).toMatchObject({
      certificateKey: fixtureCertificateKey,
    });
    expect(join()['JoinConfiguration']).not.toHaveProperty('controlPlane');
    expect(uploadCertsConfig(fixtureStepContext({ join: withKey }))).toContain(
      fixtureCertificateKey,
    );
  });

  it('answers by every address that people may call it by', () => {
    const own = converged({ ssh: { ipAddress: '203.0.113.9' } });
    const { ClusterConfiguration } = init({ nodes: own });
    expect(ClusterConfiguration).toMatchObject({
      apiServer: {
        certSANs: [
          'plinth-api.internal',
          'localhost',
          '127.0.0.1',
          own[0]!.privateIP,
          '203.0.113.9',
        ],
      },
    });
  });
});

describe('a load balancer that the spec names', () => {
  const behind = (controlPlaneEndpoint: string): ContextChange => ({
    config: { network: { ...fixtureStepContext().spec.config.network, controlPlaneEndpoint } },
  });

  it.each([
    ['lb.example.net', 'lb.example.net:6443', 'lb.example.net'],
    ['192.0.2.9:443', '192.0.2.9:443', '192.0.2.9'],
    ['fd00::9', '[fd00::9]:6443', 'fd00::9'],
    ['[fd00::9]:443', '[fd00::9]:443', 'fd00::9'],
  ])('%s is where nodes call, by a name that the certificate has', (given, address, host) => {
    const change = behind(given);
    const cluster = init(change)['ClusterConfiguration'] as {
      controlPlaneEndpoint: string;
      apiServer: { certSANs: string[] };
    };
    expect(cluster.controlPlaneEndpoint).toBe(address);
    expect(cluster.apiServer.certSANs[0]).toBe(host);
    expect(cluster.apiServer.certSANs).not.toContain('plinth-api.internal');
    expect(join(change)['JoinConfiguration']).toMatchObject({
      discovery: { bootstrapToken: { apiServerEndpoint: address } },
    });
  });

  it('is waited for until it has seen the API server healthy, where kubeadm can be told', () => {
    const timeouts = { timeouts: { kubernetesAPICall: '3m0s' } };
    expect(init(behind('lb.example.net'))['InitConfiguration']).toMatchObject(timeouts);
    expect(init()['InitConfiguration']).not.toMatchObject(timeouts);
  });
});

describe('a dual-stack cluster', () => {
  const network: ClusterConfig['network'] = {
    cni: { name: 'Calico', version: '3.28.5' },
    podSubnet: '10.244.0.0/16',
    serviceSubnet: '10.96.0.0/16',
    ipv6: { podSubnet: 'fd00:10::/56', serviceSubnet: 'fd00:20::/112' },
  };

  it('has both ranges of each kind, IPv4 first', () => {
    expect(init({ config: { network } })['ClusterConfiguration']).toMatchObject({
      networking: {
        podSubnet: '10.244.0.0/16,fd00:10::/56',
        serviceSubnet: '10.96.0.0/16,fd00:20::/112',
      },
    });
  });

  it("names the IPv6 address of the privateIP's interface, not the link's own nor another's", () => {
    const nodes = converged({ privateIP: '10.0.0.1' });
    const facts = {
      cgroupVersion: 2 as const,
      interfaces: [
        { name: 'eth1', addresses: ['10.9.0.1', 'fd00:9::1'] },
        { name: 'eth0', addresses: ['10.0.0.1', 'fe80::1', 'fd00:7::1'] },
      ],
    };
    const args = registration(init({ nodes, config: { network }, facts }))['kubeletExtraArgs'];
    expect(args).toEqual([{ name: 'node-ip', value: '10.0.0.1,fd00:7::1' }]);
  });
});

describe('the kubelet', () => {
  it("has the cluster's overrides, and what plinth relies on over them", () => {
    const { KubeletConfiguration } = init({
      config: {
        kubeletConfigurationOverrides: 'maxPods: 200\ncgroupDriver: cgroupfs\n',
        network: { ...fixtureStepContext().spec.config.network, nameservers: ['10.0.0.2'] },
      },
    });
    expect(KubeletConfiguration).toMatchObject({
      maxPods: 200,
      cgroupDriver: 'systemd',
      resolvConf: '/etc/plinth/resolv.conf',
    });
  });

  it("leaves pods the machine's own name servers where the spec has none", () => {
    expect(init()['KubeletConfiguration']).not.toHaveProperty('resolvConf');
  });

  it('is patched on the one machine that has settings of its own', () => {
    const nodes = converged({ kubeletConfigurationOverrides: 'maxPods: 42\n' });
    expect(init({ nodes })['InitConfiguration']).toMatchObject({
      patches: { directory: '/etc/plinth/kubeadm-patches' },
    });
    expect(join({ nodes, node: 'm2' })['JoinConfiguration']).not.toHaveProperty('patches');
  });
});
