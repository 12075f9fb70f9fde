import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { all, merge, set, unset } from '../../../test/fixtures/change.js';
import { problemsAfter } from '../../../test/fixtures/problems.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';
import type { Cluster, ClusterStatus, NodeSpec } from '../../cluster.js';
import { SERVER_METADATA } from '../../serverMetadata.js';
import type { Registered } from '../../registration.js';
import { clusterSchema } from './cluster.js';
import { metadataSchema } from './metadata.js';
import type { clusterStatusSchema } from './status.js';

/** The type without `| undefined` on optional fields, which zod cannot leave out. */
type Exact<T> = T extends readonly (infer E)[]
  ? Exact<E>[]
  : T extends object
    ? { [K in keyof T]: Exact<Exclude<T[K], undefined>> }
    : T;

describe('unknown fields', () => {
  ruleTable([
    {
      title: 'one near a known field names it',
      bad: set('spec.config.nodes[1].hostName', 'm2'),
      path: 'spec.config.nodes[1].hostName',
      says: 'unknown field; did you mean "hostname"?',
    },
    {
      title: 'one that belongs elsewhere says where',
      bad: set('spec.kubernetesVersion', 'v1.34.4'),
      path: 'spec.kubernetesVersion',
      says: 'unknown field here: it belongs to spec.config',
    },
    {
      title: 'any other lists what is known',
      bad: set('spec.config.network.cni.mtu', '1450'),
      path: 'spec.config.network.cni.mtu',
      says: 'unknown field; known here: name, version',
    },
    {
      title: 'an odd one is quoted',
      bad: set('x y/z', 1),
      path: '["x y/z"]',
      says: 'unknown field',
    },
    {
      title: 'a prototype is a field like any other',
      bad: merge('spec', JSON.parse('{"__proto__":{"a":1}}') as object),
      path: 'spec.__proto__',
      says: 'unknown field',
    },
  ]);
});

describe('types', () => {
  ruleTable([
    {
      title: 'a missing field says what to give',
      bad: unset('spec.config.network.podSubnet'),
      path: 'spec.config.network.podSubnet',
      says: 'is missing: give a string',
    },
    {
      title: 'an empty YAML value says to leave the field out',
      bad: set('spec.config.nodes[0].labels', null),
      path: 'spec.config.nodes[0].labels',
      says: 'is empty: give a map, or leave the field out',
    },
    {
      title: 'a number in the place of a string shows the quotes',
      bad: set('spec.config.nodes[0].ssh.port', 22),
      path: 'spec.config.nodes[0].ssh.port',
      says: 'must be a string, in quotes: "22"',
      good: set('spec.config.nodes[0].ssh.port', '2222'),
    },
    {
      title: 'a boolean label shows the quotes',
      bad: set('spec.config.nodes[0].labels', { 'example.com/on': true }),
      path: 'spec.config.nodes[0].labels["example.com/on"]',
      says: 'in quotes: "true"',
      good: set('spec.config.nodes[0].labels', { 'example.com/on': 'true' }),
    },
    {
      title: 'a string in the place of a boolean',
      bad: set('spec.config.autoApproveNodes', 'yes'),
      path: 'spec.config.autoApproveNodes',
      says: 'must be true or false, not "yes"',
    },
    {
      title: 'a map in the place of a list',
      bad: set('spec.config.nodes[0].taints', {}),
      path: 'spec.config.nodes[0].taints',
      says: 'must be a list, not a map',
    },
    {
      title: 'no nodes',
      bad: set('spec.config.nodes', []),
      path: 'spec.config.nodes',
      says: 'is an empty list: give at least one',
    },
    {
      title: 'an empty string',
      bad: set('spec.blueprint.name', ''),
      path: 'spec.blueprint.name',
      says: 'is an empty string',
    },
    {
      title: 'half a day of installer life',
      bad: set('spec.config.installerTtl', 0.5),
      path: 'spec.config.installerTtl',
      says: 'must be a whole number, not 0.5',
      good: set('spec.config.installerTtl', 365),
    },
    {
      title: 'an installer life of nothing',
      bad: set('spec.config.installerTtl', 0),
      path: 'spec.config.installerTtl',
      says: 'must be 1 or more',
    },
    {
      title: 'an installer life beyond ten years',
      bad: set('spec.config.installerTtl', 36500),
      path: 'spec.config.installerTtl',
      says: 'must be 3650 or less',
    },
  ]);
});

describe('words and formats', () => {
  ruleTable([
    {
      title: 'another type than mks',
      bad: set('spec.type', 'eks'),
      path: 'spec.type',
      says: 'must be "mks", not "eks"',
    },
    {
      title: 'another API version',
      bad: set('apiVersion', 'v1'),
      path: 'apiVersion',
      says: 'must be "infra.k8smgmt.io/v3"',
    },
    {
      title: 'another kind',
      bad: unset('kind'),
      path: 'kind',
      says: 'is missing: it must be "Cluster"',
    },
    {
      title: 'a role in another spelling',
      bad: set('spec.config.nodes[1].roles', ['Worker', 'Storage2']),
      path: 'spec.config.nodes[1].roles[1]',
      says: 'must be one of "ControlPlane", "Worker", "Storage", not "Storage2"; did you mean "Storage"?',
    },
    {
      title: 'an architecture that is none',
      bad: set('spec.config.nodes[1].arch', 'x86_64'),
      path: 'spec.config.nodes[1].arch',
      says: 'must be one of "amd64", "arm64"',
      good: set('spec.config.nodes[1].arch', 'arm64'),
    },
    ...['Demo', 'a_b', '-a', 'a-', 'a.b', 'a'.repeat(64)].map((name) => ({
      title: `the cluster name ${name.slice(0, 8)}`,
      bad: set('metadata.name', name),
      path: 'metadata.name',
      says: 'is not a name: 1–63 lower-case letters',
      good: set('metadata.name', 'a'.repeat(63)),
    })),
    ...['Node1', 'node_1', 'a..b', '-n', 'n-', '10.0.0.1', 'n'.repeat(64)].map((name) => ({
      title: `the hostname ${name.slice(0, 8)}`,
      bad: merge('spec.config.nodes[1]', { hostname: name }),
      path: 'spec.config.nodes[1].hostname',
      says: 'is not a hostname: at most 63 lower-case letters',
    })),
    {
      title: 'a Kubernetes version without the v',
      bad: set('spec.config.kubernetesVersion', '1.34.4'),
      path: 'spec.config.kubernetesVersion',
      says: 'write it whole and with the v, such as "v1.34.4"',
    },
    {
      title: 'a Kubernetes version without a patch',
      bad: set('spec.config.kubernetesVersion', 'v1.34'),
      path: 'spec.config.kubernetesVersion',
      says: '"v1.34" is not a Kubernetes version',
    },
    {
      title: 'a Calico version without a patch',
      bad: set('spec.config.network.cni.version', '3.28'),
      path: 'spec.config.network.cni.version',
      says: 'is not a version',
      good: set('spec.config.network.cni.version', 'v3.28.5'),
    },
    ...['0', '65536', '022', 'ssh', '-1', ''].map((port) => ({
      title: `the port ${JSON.stringify(port)}`,
      bad: set('spec.config.nodes[1].ssh.port', port),
      path: 'spec.config.nodes[1].ssh.port',
      says: 'is not a port: a string from "1" to "65535"',
      good: set('spec.config.nodes[1].ssh.port', '65535'),
    })),
    ...['10.0.0', '010.0.0.1', '10.0.0.256', 'fd00::1', 'm2'].map((privateIP) => ({
      title: `the privateIP ${privateIP}`,
      bad: merge('spec.config.nodes[1]', { privateIP }),
      path: 'spec.config.nodes[1].privateIP',
      says: 'is not an IPv4 address',
    })),
    {
      title: 'an SSH address that is a name',
      bad: set('spec.config.nodes[1].ssh.ipAddress', 'm2.example.com'),
      path: 'spec.config.nodes[1].ssh.ipAddress',
      says: 'is not an IP address',
      good: set('spec.config.nodes[1].ssh.ipAddress', '2001:db8::7'),
    },
    {
      title: 'a login with a blank',
      bad: set('spec.config.nodes[1].ssh.username', 'root; id'),
      path: 'spec.config.nodes[1].ssh.username',
      says: 'is not a login',
    },
    {
      title: 'a key path with a line break',
      bad: set('spec.config.nodes[1].ssh.privateKeyPath', 'a\nb'),
      path: 'spec.config.nodes[1].ssh.privateKeyPath',
      says: 'is not the path of a private key',
    },
    {
      title: 'a host key with a comment',
      bad: set('spec.config.nodes[1].ssh.hostKey', `ssh-ed25519 ${'A'.repeat(68)} me@m2`),
      path: 'spec.config.nodes[1].ssh.hostKey',
      says: 'without a comment',
      good: set('spec.config.nodes[1].ssh.hostKey', `ssh-ed25519 ${'A'.repeat(68)}`),
    },
    {
      title: 'a fingerprint that is cut',
      bad: set('spec.config.nodes[1].ssh.hostKey', 'SHA256:abc'),
      path: 'spec.config.nodes[1].ssh.hostKey',
      says: 'is not a host key',
      good: set('spec.config.nodes[1].ssh.hostKey', `SHA256:${'b'.repeat(43)}`),
    },
    {
      title: 'an interface that is a path',
      bad: set('spec.config.nodes[1].interface', '../eth0'),
      path: 'spec.config.nodes[1].interface',
      says: 'is not the name of a network interface',
      good: set('spec.config.nodes[1].interface', 'enp0s31f6.100'),
    },
    ...['0', '0%', '101%', '2.5', 'half', '-1'].map((workerConcurrency) => ({
      title: `the concurrency ${workerConcurrency}`,
      bad: merge('spec.config', { kubernetesUpgrade: { params: { workerConcurrency } } }),
      path: 'spec.config.kubernetesUpgrade.params.workerConcurrency',
      says: 'is not a number of workers ("2") or a share of them',
      good: merge('spec.config', {
        kubernetesUpgrade: { strategy: 'sequential', params: { workerConcurrency: '100%' } },
      }),
    })),
  ]);
});

describe('the schema', () => {
  test('has the shape of the Cluster that the rest of the code knows', () => {
    type Given = Exact<z.infer<typeof clusterSchema>['spec']>;
    type Node = Omit<NodeSpec, Registered> & Partial<Pick<NodeSpec, Registered>>;
    expectTypeOf<Given['config']['nodes']>().toExtend<Exact<Node[]>>();
    expectTypeOf<keyof Given>().toEqualTypeOf<keyof Cluster['spec']>();
    expectTypeOf<keyof Given['config']>().toEqualTypeOf<keyof Cluster['spec']['config']>();
    expectTypeOf<keyof Given['config']['nodes'][number]>().toEqualTypeOf<
      keyof Cluster['spec']['config']['nodes'][number]
    >();
    expectTypeOf<Exact<z.infer<typeof clusterStatusSchema>>>().toExtend<Exact<ClusterStatus>>();
    expect(Object.keys(clusterSchema.shape)).toContain('status');
  });

  test('knows the server-set metadata, and ignores whatever it is', () => {
    expect(Object.keys(metadataSchema.shape)).toEqual(expect.arrayContaining([...SERVER_METADATA]));
    const ignored = [...SERVER_METADATA].map((key) => set(`metadata.${key}`, { any: 1 }));
    const problems = problemsAfter(all(...ignored, set('status', 'anything')));
    expect(problems).toEqual([]);
  });

  test('gives the API’s document named components', () => {
    const document = z.toJSONSchema(clusterSchema, { io: 'input', unrepresentable: 'any' });
    expect(Object.keys(document.$defs ?? {})).toEqual(
      expect.arrayContaining(['ClusterSpec', 'ClusterConfig', 'Node', 'NodeSsh', 'Network']),
    );
  });
});
