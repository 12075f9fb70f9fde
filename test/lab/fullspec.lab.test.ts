import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import {
  diffSnapshots,
  execOn,
  formatDifference,
  snapshotMachine,
  type MachineSnapshot,
} from '../../lab/lab.js';
import { EXCLUSIONS } from './exclusions.js';
import { fullSpec } from './fullspec/cluster.js';
import { hostKubectl, type Kubectl } from './kubectl.js';
import { startMirrorServer, type MirrorServer } from './mirror/mirrorServer.js';
import { mirrorTree } from './mirror/mirrorTree.js';
import { startProxyServer, type ProxyServer } from './mirror/proxyServer.js';
import { startTlsServer, type TlsServer } from './mirror/tlsServer.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * One cluster with every field of the spec set at once, on machines that reach a mirror only through a proxy which
 * asks for a password. What each field does is looked for where it acts: docs/api.md, "Fields".
 */

const NAME = 'fullspec';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const HOST = '10.77.0.1';
const READER = 'readers';
/** Signs that shells, systemd, URLs and apt have uses of their own for. */
const PROXY_AUTH = "me:p@ss:50%/$HOME'q";

let work: string;
let mirror: MirrorServer;
let proxy: ProxyServer;
let tls: TlsServer;
let session: LabSession;
let kubectl: Kubectl;
let cluster: Cluster;
const before = new Map<string, MachineSnapshot>();
const ipv6 = new Map<string, string>();

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'plinth-fullspec-'));
  session = await openLabSession(MACHINES, {
    settings: async ({ bundle }) => {
      mirror = await startMirrorServer(HOST, await mirrorTree(bundle, 'v1.34.4', work));
      return { PLINTH_ARTIFACTS: mirror.url };
    },
  });
  kubectl = hostKubectl({ ...session, cluster: NAME });
  proxy = await startProxyServer(HOST, PROXY_AUTH);
  tls = await startTlsServer(HOST, work);
  const source = `deb [trusted=yes] ${mirror.url}/debian ./`;
  for (const [index, name] of MACHINES.entries()) {
    await execOn(name, `rm -rf /etc/apt/sources.list.d; echo '${source}' >/etc/apt/sources.list`);
    // Machines of a dual-stack cluster have addresses of both families.
    const address = `fd77::${String(index + 1)}`;
    const add = ['-n', `plinth-${name}`, 'addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad'];
    await promisify(execFile)('ip', add);
    ipv6.set(name, address);
    before.set(name, await snapshotMachine(name));
  }
  const { status } = await session.plinth.request('POST', '/apis/system.k8smgmt.io/v3/projects', {
    metadata: { name: READER },
  });
  expect(status).toBeLessThan(300);
  cluster = fullSpec(session.lab, {
    name: NAME,
    reader: READER,
    proxyUrl: `http://${HOST}:${String(proxy.port)}`,
    proxyAuth: PROXY_AUTH,
    ca: tls.ca,
  });
}, 300_000);

afterAll(async () => {
  await session.stop();
  await Promise.all([proxy.stop(), mirror.stop(), tls.stop()]);
  await rm(work, { recursive: true, force: true });
});

const on = async (machine: string, command: string): Promise<string> =>
  (await execOn(machine, command)).stdout.trim();

async function object<T>(...words: string[]): Promise<T> {
  return JSON.parse(await kubectl(['get', ...words, '-o', 'json'])) as T;
}

interface NodeObject {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: { podCIDRs: string[]; taints?: { key: string; value?: string; effect: string }[] };
  status: { addresses: { type: string; address: string }[] };
}
interface Pod {
  spec: {
    nodeName: string;
    nodeSelector?: Record<string, string>;
    tolerations?: { key?: string }[];
    containers: { command?: string[]; volumeMounts?: { name: string; mountPath: string }[] }[];
    volumes: { name: string; hostPath?: { path: string } }[];
  };
  status: { podIPs: { ip: string }[] };
}

const nodeObject = (name: string) => object<NodeObject>('node', name);
const staticPod = (name: string) => object<Pod>('-n', 'kube-system', 'pod', `${name}-m1`);
const flagsOf = ({ spec }: Pod): string[] => spec.containers[0]?.command ?? [];

async function podOf(selector: string): Promise<Pod> {
  const list = await object<{ items: Pod[] }>('-n', 'kube-system', 'pods', '-l', selector);
  const [pod] = list.items;
  if (pod === undefined) throw new Error(`no pod ${selector}`);
  return pod;
}

async function configz(node: string): Promise<Record<string, unknown>> {
  const text = await kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/configz`]);
  return (JSON.parse(text) as { kubeletconfig: Record<string, unknown> }).kubeletconfig;
}

/** A unit's main process: its arguments, and its environment. */
const processOf = (machine: string, unit: string, what: 'cmdline' | 'environ') =>
  on(machine, `tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value ${unit})/${what}`);

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*~]/g, (s) => `%${s.charCodeAt(0).toString(16)}`);
const proxyWithAuth = (): string => {
  const [user = '', ...password] = PROXY_AUTH.split(':');
  const login = `${encoded(user)}:${encoded(password.join(':'))}`;
  return `http://${login}@${HOST}:${String(proxy.port)}`;
};

describe('a cluster with every field', () => {
  it('is answered as it was given, but for the password', async () => {
    const answer = await session.plinth.apply(cluster);
    expect(answer.status, await answer.clone().text()).toBe(200);
    const { proxyAuth: _secret, ...shown } = cluster.spec.proxy!;
    const got = (await (await session.plinth.request('GET', NAME)).json()) as Cluster;
    expect(got.spec).toEqual({ ...cluster.spec, proxy: shown });
    expect(got.metadata).toMatchObject(cluster.metadata);
  });

  it('gets READY', async () => {
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    expect(status.displayName).toBe('All of it');
  });

  it('is found by the labels of its metadata', async () => {
    const list = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';
    const found = async (value: string): Promise<string[]> => {
      const selector = encodeURIComponent(`example.com/team=${value}`);
      const answer = await session.plinth.request('GET', `${list}?label=${selector}`);
      const { items } = (await answer.json()) as { items: Cluster[] };
      return items.map(({ metadata }) => metadata.name);
    };
    expect(await found('lab')).toEqual([NAME]);
    expect(await found('another')).toEqual([]);
  });

  it('can be read in the project that it is shared with', async () => {
    const path = `/apis/infra.k8smgmt.io/v3/projects/${READER}/clusters/${NAME}`;
    expect((await session.plinth.request('GET', path)).status).toBe(200);
    expect((await session.plinth.request('GET', `${path}/kubeconfig`)).status).toBe(404);
  });

  it("has the cluster's and the node's kubelet settings, the node's winning", async () => {
    for (const [name, maxPods] of [
      ['m1', 99],
      ['m2', 42],
    ] as const) {
      expect(await configz(name)).toMatchObject({ imageGCHighThresholdPercent: 87, maxPods });
    }
    const flags = await processOf('m2', 'kubelet', 'cmdline');
    expect(flags.split('\n')).toEqual(
      expect.arrayContaining(['--v=3', '--log-flush-frequency=7s']),
    );
    expect((await processOf('m1', 'kubelet', 'cmdline')).split('\n')).toContain('--v=1');
  });

  it('runs the control plane with the flags, volumes and ranges of the spec', async () => {
    const api = await staticPod('kube-apiserver');
    expect(flagsOf(api)).toEqual(
      expect.arrayContaining([
        '--event-ttl=47m0s',
        '--service-cluster-ip-range=10.100.0.0/16,fd00:100::/112',
      ]),
    );
    expect(api.spec.volumes).toContainEqual(
      expect.objectContaining({
        name: 'audit',
        hostPath: { path: '/var/log/kube-audit', type: 'DirectoryOrCreate' },
      }),
    );
    expect(api.spec.containers[0]?.volumeMounts).toContainEqual({
      name: 'audit',
      mountPath: '/var/log/audit',
    });
    expect(flagsOf(await staticPod('kube-controller-manager'))).toEqual(
      expect.arrayContaining([
        '--terminated-pod-gc-threshold=101',
        '--cluster-cidr=10.200.0.0/16,fd00:200::/56',
      ]),
    );
    expect(flagsOf(await staticPod('kube-scheduler'))).toContain('--kube-api-qps=51');
  });

  it('has the labels, annotations and taints of the spec on its nodes', async () => {
    const worker = await nodeObject('m2');
    expect(worker.metadata.labels).toMatchObject({
      app: 'infra',
      'example.com/pool': 'work',
      'plinth.io/location': 'basement-2',
      'node-role.kubernetes.io/worker': '',
    });
    expect(worker.metadata.annotations['example.com/rack']).toBe('b2, third from below');
    expect(worker.spec.taints).toEqual([
      { key: 'example.com/slow', value: 'yes', effect: 'PreferNoSchedule' },
    ]);
  });

  it('keeps work off a dedicated control plane and a Storage node, which carry labels to choose them by', async () => {
    const [plane, storage] = [await nodeObject('m1'), await nodeObject('m3')];
    expect(plane.spec.taints).toEqual([
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
    ]);
    expect(storage.spec.taints).toEqual([
      { key: 'node-role.kubernetes.io/storage', effect: 'NoSchedule' },
    ]);
    expect(storage.metadata.labels).toHaveProperty(['node-role.kubernetes.io/storage'], '');
    expect(storage.metadata.labels).not.toHaveProperty(['node-role.kubernetes.io/worker']);
  });

  it('runs its system components where systemComponentsPlacement says', async () => {
    for (const selector of ['k8s-app=metrics-server', 'k8s-app=calico-kube-controllers']) {
      expect((await podOf(selector)).spec.nodeName, selector).toBe('m3');
    }
    const agent = await podOf('k8s-app=calico-node');
    expect(agent.spec.tolerations).toContainEqual(
      expect.objectContaining({ key: 'example.com/agents' }),
    );
    // Without its agent a node has no network: the selector is not for it.
    const agents = await object<{ items: Pod[] }>(
      ...['-n', 'kube-system', 'pods', '-l', 'k8s-app=calico-node'],
    );
    expect(agents.items.map(({ spec }) => spec.nodeName).toSorted()).toEqual([...MACHINES]);
  });

  it('gives nodes, pods and services addresses of both families, and carries both', async () => {
    for (const name of MACHINES) {
      const { spec, status } = await nodeObject(name);
      expect(spec.podCIDRs).toEqual([
        expect.stringMatching(/^10\.200\.\d+\.0\/24$/),
        expect.stringMatching(/^fd00:200:.*\/64$/),
      ]);
      const machine = cluster.spec.config.nodes.find(({ hostname }) => hostname === name);
      const own = status.addresses.filter(({ type }) => type === 'InternalIP');
      expect(own.map(({ address }) => address)).toEqual([machine?.privateIP, ipv6.get(name)]);
    }
    const { status } = await podOf('k8s-app=kube-dns');
    const [four = '', six = ''] = status.podIPs.map(({ ip }) => ip);
    expect(four).toMatch(/^10\.200\./);
    expect(six).toMatch(/^fd00:200:/);
    for (const address of [four, `[${six}]`]) {
      const url = `http://${address}:8080/health`;
      expect(await on('m3', `curl -s --noproxy '*' --max-time 5 ${url}`), url).toBe('OK');
    }
  });

  it('fetches through the proxy, with its password: packages, binaries and images', async () => {
    const passed = [...proxy.passed];
    for (const what of [/^Debian .*containerd_/, /^curl .*kubelet$/, /^containerd .*\/blobs\//]) {
      expect(
        passed.some((each) => what.test(each)),
        `${String(what)} among ${passed.slice(0, 20).join(', ')}`,
      ).toBe(true);
    }
    for (const unit of ['containerd', 'kubelet']) {
      const environment = (await processOf('m2', unit, 'environ')).split('\n');
      expect(environment.map((row) => row.toLowerCase())).toEqual(
        expect.arrayContaining([
          `http_proxy=${proxyWithAuth().toLowerCase()}`,
          `https_proxy=${proxyWithAuth().toLowerCase()}`,
        ]),
      );
      const noProxy = environment.find((row) => row.startsWith('NO_PROXY='));
      for (const own of ['.corp.example', '.svc', '10.200.0.0/16', 'fd00:100::/112', '10.77.0.']) {
        expect(noProxy).toContain(own);
      }
    }
    expect(await on('m2', 'bash -lc \'echo "$http_proxy"\'')).toContain('@10.77.0.1');
    const apt = await on('m2', 'cat /etc/apt/apt.conf.d/99-plinth-proxy');
    expect(apt).toContain('Acquire::http::Proxy');
  });

  it("keeps the proxy's password from everybody but root", async () => {
    const asOps = (command: string) => on('m2', `su ops -c '${command}' 2>&1`);
    expect(await asOps('cat /etc/plinth/proxy.env')).toContain('Permission denied');
    expect(await asOps('cat /etc/apt/apt.conf.d/99-plinth-proxy')).toContain('Permission denied');
    expect(await asOps('bash -lc "echo proxy=\\$http_proxy"')).toBe('proxy=');
    expect(await asOps('systemctl show containerd kubelet -p Environment')).not.toContain('me:');
    const manifests = 'grep -rl "me:p" /etc/kubernetes/manifests /var/lib/plinth/runs; true';
    expect(await on('m1', manifests)).toBe('');
  });

  it("trusts the proxy's CA, and leaves certificates unchecked only where that is asked for", async () => {
    const trusted = `curl -s --noproxy '*' --max-time 5 ${tls.url}`;
    for (const name of MACHINES) expect(await on(name, trusted), name).toBe('trusted');
    const hosts = await on('m2', 'cat /etc/containerd/certs.d/registry.k8s.io/hosts.toml');
    expect(hosts).toContain('skip_verify = true');
  });

  it('resolves names by the nameservers of the spec, in pods alone', async () => {
    const file = 'nameserver 10.77.0.1\nnameserver 192.0.2.53';
    expect(await configz('m1')).toMatchObject({ resolvConf: '/etc/plinth/resolv.conf' });
    expect(await on('m1', 'cat /etc/plinth/resolv.conf')).toBe(file);
    expect(await on('m1', 'cat /etc/resolv.conf')).not.toContain('192.0.2.53');
    // CoreDNS has the kubelet's, and all pods ask it.
    const { spec } = await podOf('k8s-app=kube-dns');
    const command = `grep -l 192.0.2.53 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/*/resolv.conf`;
    expect(await on(spec.nodeName, command)).toContain('resolv.conf');
  });

  it('is of the platform version that was asked for', async () => {
    const { data } = await object<{ data: Record<string, string> }>(
      ...['-n', 'plinth-system', 'configmap', 'cluster-identity'],
    );
    expect(data['platformVersion']).toBe('v1.0.0');
    expect(await on('m1', 'CNI_COMMAND=VERSION /opt/cni/bin/bridge 2>&1 </dev/null')).toContain(
      'cniVersion',
    );
  });

  it('keeps its kernel settings over a reboot', async () => {
    const kept = await on('m2', 'cat /etc/sysctl.d/99-plinth.conf');
    expect(kept).toContain('net.ipv6.conf.all.forwarding = 1');
    expect(kept).toContain('net.ipv4.ip_forward = 1');
  });

  it('moves its system components when systemComponentsPlacement changes', async () => {
    const moved = structuredClone(cluster);
    moved.spec.systemComponentsPlacement = {
      nodeSelector: { 'node-role.kubernetes.io/worker': '' },
      tolerations: [],
    };
    expect((await session.plinth.apply(moved)).status).toBe(200);
    const status = await session.plinth.untilEnded(NAME, 600);
    expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
    const done = status.lastTasksets[0]?.tasksetOperations.map((each) => each.operationName);
    expect(done).toContain('BlueprintSync');
    for (const selector of ['k8s-app=metrics-server', 'k8s-app=calico-kube-controllers']) {
      const nodes = await until(`${selector} runs in one place`, 120, async () => {
        const { items } = await object<{ items: Pod[] }>(
          ...['-n', 'kube-system', 'pods', '-l', selector],
        );
        return items.length === 1 ? items.map(({ spec }) => spec.nodeName) : undefined;
      });
      expect(nodes, selector).toEqual(['m2']);
    }
    const agents = await object<{ items: Pod[] }>(
      ...['-n', 'kube-system', 'pods', '-l', 'k8s-app=calico-node'],
    );
    expect(agents.items.map(({ spec }) => spec.nodeName).toSorted()).toEqual([...MACHINES]);
  });

  it('is deleted, and the machines are as they were found', async () => {
    expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
    await until('the cluster is gone', 240, async () =>
      (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
    );
    for (const name of MACHINES) {
      const left = diffSnapshots(before.get(name)!, await snapshotMachine(name), EXCLUSIONS);
      expect(left.map(formatDifference), `differences on ${name}`).toEqual([]);
    }
  });
});
