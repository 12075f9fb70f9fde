import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lookCommand, lookScript, type LookPart } from './lookScript.js';
import { parseLook, type LookRows } from './parseLook.js';

/*
 * The script as a machine runs it, bash and openssl being real ones; kubectl, systemctl and etcd's API are programs of a
 * folder, and absolute paths lie in it.
 */

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-look-'));
  await put('proc/swaps', 'Filename\tType\tSize\n');
  await put('proc/sys/net/ipv4/ip_forward', '1\n');
  await put('var/lib/plinth/owner', '{"clusterId":"c000001","cluster":"demo"}\n');
  await program('systemctl', SYSTEMCTL);
  await program('kubectl', 'printf "%s" "$(<"$D/nodes")"');
  await program('curl', CURL);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const SYSTEMCTL = `case $1 in
  --version) ;;
  show) [[ -e $D/units/\${5%.service} ]] && echo loaded || echo not-found ;;
  is-active) cut -d ' ' -f 1 "$D/units/\${2%.service}" ;;
  is-enabled) cut -d ' ' -f 2 "$D/units/\${2%.service}" ;;
esac`;
/** Two members, of which those of `silent` do not answer. */
const CURL = `url=\${*: -1}
case $url in
  */v3/cluster/member/list) [[ ! -e $D/etcd-down ]] && cat "$D/members" ;;
  *) host=\${url#https://}; ! grep -q "^\${host%%:*}$" "$D/silent" 2>/dev/null && echo '{"health":"true"}' ;;
esac`;
const MEMBERS = JSON.stringify({
  members: ['m1', 'm2'].map((name, index) => ({
    ...{ ID: String(index + 1), name, peerURLs: [`https://10.0.0.${index + 1}:2380`] },
    clientURLs: [`https://10.0.0.${index + 1}:2379`],
  })),
});
const NODES = [
  'node\tm1\tv1.34.4\t\t10.0.0.1 fd00::1 \tReady \tTrue\t2026-11-26T05:00:00Z\tKubeletReady\tkubelet is posting ready status',
  'node\tm2\tv1.34.4\ttrue\t10.0.0.2 \tDiskPressure Ready \tTrue\t2026-11-26T05:00:00Z\tKubeletReady\tok',
  'node\tm3\tv1.34.4\t\t10.0.0.3 \tMemoryPressure Ready \tUnknown\t2026-11-26T05:59:00Z\tNodeStatusUnknown\tKubelet stopped\tposting',
  'another line of that message',
].join('\n');

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

async function program(name: string, text: string): Promise<void> {
  await put(`bin/${name}`, `#!/bin/bash\n${text}\n`);
  await chmod(join(dir, 'bin', name), 0o755);
}

/** A certificate that ends in so many days. */
function certificate(days: number): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  return execFileSync(
    'openssl',
    [...args, '-keyout', join(dir, 'key'), '-subj', '/CN=x', '-days', String(days)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

async function look(...parts: LookPart[]): Promise<LookRows> {
  const script = ['/etc/kubernetes', '/var/lib/kubelet/pki', '/var/lib/plinth', '/proc/'].reduce(
    (text, path) => text.replaceAll(path, `${dir}${path}`),
    lookScript(),
  );
  const at = Date.now();
  const stdout = await new Promise<string>((resolve, reject) => {
    const env = { PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`, D: dir };
    const child = execFile('/bin/sh', ['-c', lookCommand(parts)], { env }, (error, out) => {
      if (error === null) resolve(out);
      else reject(new Error('the look failed', { cause: error }));
    });
    child.stdin?.end(script);
  });
  return parseLook(stdout, { clusterId: 'c000001', at, until: Date.now() });
}

describe('a look through a control plane', () => {
  beforeEach(async () => {
    await put('nodes', NODES);
    await put('members', MEMBERS);
  });

  it('tells of each node whether it is Ready and why not, its version, address, cordon and pressures', async () => {
    const { nodes, apiProblem, machine } = await look('cluster');
    expect(apiProblem).toBeUndefined();
    expect(machine).toBeUndefined();
    expect(nodes).toEqual([
      {
        ...{ hostname: 'm1', version: 'v1.34.4', cordoned: false, pressures: [] },
        ...{ addresses: ['10.0.0.1', 'fd00::1'], ready: 'True', reason: 'KubeletReady' },
        ...{ changedAt: '2026-11-26T05:00:00Z', message: 'kubelet is posting ready status' },
      },
      expect.objectContaining({ hostname: 'm2', cordoned: true, pressures: ['DiskPressure'] }),
      expect.objectContaining({
        ...{ hostname: 'm3', ready: 'Unknown', reason: 'NodeStatusUnknown' },
        // Of a silent kubelet every condition is Unknown: none of them is news.
        ...{ message: 'Kubelet stopped posting', pressures: [] },
      }),
    ]);
  });

  it('tells which etcd members answer', async () => {
    await put('silent', '10.0.0.2\n');
    expect((await look('cluster')).etcd).toEqual([
      { name: 'm1', healthy: true, learner: false },
      { name: 'm2', healthy: false, learner: false },
    ]);
  });

  it('says nothing of etcd where the one on the machine does not answer', async () => {
    await put('etcd-down', '');
    const { etcd, nodes } = await look('cluster');
    expect(etcd).toBeUndefined();
    expect(nodes).toHaveLength(3);
  });

  it('gives the reason where no API server answers', async () => {
    await program('kubectl', 'echo first >&2; echo "dial tcp: connection refused" >&2; exit 1');
    const { nodes, apiProblem } = await look('cluster');
    expect(nodes).toBeUndefined();
    expect(apiProblem).toBe('dial tcp: connection refused');
  });
});

describe('what a machine says of itself', () => {
  it('is when the certificates end that a renewal renews, and each by its name', async () => {
    await put('etc/kubernetes/pki/ca.crt', certificate(1));
    await put('etc/kubernetes/pki/front-proxy-ca.crt', certificate(1));
    await put('etc/kubernetes/pki/apiserver.crt', certificate(300));
    await put('etc/kubernetes/pki/etcd/ca.crt', certificate(1));
    await put('etc/kubernetes/pki/etcd/server.crt', certificate(20));
    await put('var/lib/kubelet/pki/kubelet-client-current.pem', certificate(2));
    const data = Buffer.from(certificate(40)).toString('base64');
    await put(
      'etc/kubernetes/admin.conf',
      `users:\n- user:\n    client-certificate-data: ${data}\n`,
    );
    const { machine } = await look('machine');
    const days = (text = '') => Math.round((Date.parse(text) - Date.now()) / 86_400_000);
    expect(machine?.certificates.map(({ name, expiresAt }) => [name, days(expiresAt)])).toEqual([
      ['apiserver', 300],
      ['etcd/server', 20],
      ['admin.conf', 40],
      ['kubelet-client', 2],
    ]);
    expect(days(machine?.certificatesExpireAt)).toBe(20);
  });

  it('is what its API server serves, which may be older than the file', async () => {
    await put('etc/kubernetes/pki/apiserver.crt', certificate(300));
    await put(
      'etc/kubernetes/manifests/kube-apiserver.yaml',
      '    - --advertise-address=fd00::1\n    - --secure-port=6444\n',
    );
    await put('served', certificate(5));
    await program(
      'openssl',
      `[[ $* != 's_client -connect [fd00::1]:6444' ]] || exec cat "$D/served"; exec /usr/bin/openssl "$@"`,
    );
    expect((await look('machine')).machine?.certificates.map(({ name }) => name)).toEqual([
      'apiserver',
      'apiserver (served)',
    ]);
    // Of one that does not answer only the files are told.
    await program('openssl', `[[ $1 != s_client ]] || exit 1; exec /usr/bin/openssl "$@"`);
    expect((await look('machine')).machine?.certificates).toHaveLength(1);
  });

  it('is that a certificate cannot be read, and not that it is good', async () => {
    await put('etc/kubernetes/pki/apiserver.crt', certificate(300));
    await put('etc/kubernetes/pki/etcd/peer.crt', 'rubbish');
    await put('etc/kubernetes/admin.conf', 'users:\n- user:\n    token: x\n');
    const { machine } = await look('machine');
    expect(machine?.certificates.map(({ name }) => name)).toEqual(['apiserver', 'etcd/peer']);
    expect(machine?.certificatesExpireAt).toBe('1970-01-01T00:00:00Z');
  });

  it('is nothing of the certificates of another cluster', async () => {
    await put('etc/kubernetes/pki/apiserver.crt', certificate(300));
    await put('var/lib/plinth/owner', '{"clusterId":"c000009","cluster":"other"}\n');
    const { machine } = await look('machine');
    expect(machine?.certificates).toEqual([]);
    expect(machine?.certificatesExpireAt).toBeUndefined();
  });

  it('is how full its disks are', async () => {
    const disks = (await look('machine')).machine?.disks ?? [];
    expect(disks.length).toBeGreaterThan(0);
    expect(new Set(disks.map(({ path }) => path)).size).toBe(disks.length);
    for (const { usedPercent, freeMiB } of disks) {
      expect(usedPercent).toBeGreaterThanOrEqual(0);
      expect(usedPercent).toBeLessThanOrEqual(100);
      expect(freeMiB).toBeGreaterThan(0);
    }
  });

  it('is nothing to mend where it is as it was set up; a unit that is not there is no drift', async () => {
    await put('units/kubelet', 'active enabled');
    await put('units/containerd', 'active enabled');
    expect((await look('machine')).machine?.drift).toEqual([]);
  });

  it('is what has been changed on it', async () => {
    await put('units/kubelet', 'inactive disabled');
    await put('units/containerd', 'active enabled');
    await put('proc/swaps', 'Filename\tType\tSize\n/dev/sda2 partition 1\n');
    await put('proc/sys/net/ipv4/ip_forward', '0\n');
    await put('var/lib/plinth/owner', '{"clusterId":"c000009"}\n');
    await program('date', 'if [[ $1 == +%s ]]; then echo 1000; else exec /bin/date "$@"; fi');
    expect((await look('machine')).machine?.drift).toEqual([
      'another cluster holds the machine',
      'kubelet.service is not running',
      'kubelet.service does not start with the machine',
      'swap is on: /dev/sda2',
      'net.ipv4.ip_forward is 0',
      expect.stringMatching(/^its clock is \d+ s off$/),
    ]);
  });

  it('comes with the look at the cluster in one command', async () => {
    await put('nodes', NODES);
    await put('members', MEMBERS);
    const both = await look('cluster', 'machine');
    expect(both.nodes).toHaveLength(3);
    expect(both.machine?.disks.length).toBeGreaterThan(0);
  });

  it('is not believed where the answer was cut off', () => {
    const of = { clusterId: 'c000001', at: 0, until: 1 };
    expect(parseLook('owner\t{}\ndisk\t/\t10\t5', of)).toEqual({});
  });
});
