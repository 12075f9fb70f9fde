import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fixtureCluster } from '../test/fixtures/cluster.js';
import { parseFacts, type MachineFacts } from './facts.js';
import { factsParams, factsStep } from './steps/facts.js';
import { scriptText } from './steps/registry.js';

function recorded(name: string): Record<string, string> {
  const file = new URL(`../test/fixtures/facts/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}

describe('parseFacts', () => {
  it('reads what a bare Debian 12 machine says', () => {
    const facts = parseFacts(recorded('debian12-bare'));

    expect(facts).toMatchObject({
      operatingSystem: 'Debian12',
      osFamily: 'debian',
      arch: 'amd64',
      hostname: 'm4',
      cpus: 2,
      memoryBytes: 24684092 * 1024,
      cgroupVersion: 1,
      capSysResource: false,
      conntrackMaxWritable: false,
      systemd: 'running',
      selinux: 'disabled',
      nameservers: ['10.77.0.1'],
      defaultRoutes: [{ interface: 'eth0', gateway: '10.77.0.1' }],
      ports: [{ port: 22, protocol: 'tcp', process: 'sshd' }],
      activeRuntimes: [],
      packages: {},
      kubernetes: { adminConf: false, kubeletConf: false, etcdData: false, kubeletActive: false },
    });
    expect(facts).not.toHaveProperty('ownerClusterId');
  });

  it('gathers the addresses of an interface, with its MAC', () => {
    expect(parseFacts(recorded('debian12-bare')).interfaces).toEqual([
      { name: 'lo', addresses: ['127.0.0.1', '::1'] },
      {
        name: 'eth0',
        mac: '02:70:6c:4d:00:0e',
        addresses: ['10.77.0.14', 'fe80::70:6cff:fe4d:e'],
      },
    ]);
  });

  it('reads what a control plane of ours says', () => {
    const facts = parseFacts(recorded('debian12-control-plane'));

    expect(facts.kubernetes).toEqual({
      adminConf: true,
      kubeletConf: true,
      etcdData: true,
      kubeletActive: true,
      caSha256: '58a4870240a4acaafd2ecd9cda91b79ce863566ab076c97b8d6bcd68b68b237f',
    });
    expect(facts.ownerClusterId).toBe('test-cluster');
    expect(facts.activeRuntimes).toEqual(['containerd.service', 'kubelet.service']);
    expect(facts.packages).toMatchObject({ containerd: '1.6.20~ds1-1+deb12u3' });
    expect(facts.ports).toContainEqual({ port: 6443, protocol: 'tcp', process: 'kube-apiserver' });
    expect(facts.ports).toContainEqual({ port: 4789, protocol: 'udp' });
  });

  it.each([
    ['debian', '12', 'Debian12', 'debian'],
    ['ubuntu', '22.04', 'Ubuntu22.04', 'debian'],
    ['rhel', '9.4', 'RHEL9', 'rhel'],
    ['rocky', '9.3', 'Rocky9', 'rhel'],
    ['almalinux', '8.10', 'AlmaLinux8', 'rhel'],
    ['arch', '', 'arch', undefined],
  ])('names %s %s by the word %s', (os_id, os_version, word, family) => {
    const facts = parseFacts({ os_id, os_version });

    expect(facts.operatingSystem).toBe(word);
    expect(facts.osFamily).toBe(family);
  });

  it('leaves out what the machine could not tell', () => {
    expect(parseFacts({})).toEqual({
      kubernetes: { adminConf: false, kubeletConf: false, etcdData: false, kubeletActive: false },
    });
  });

  it('leaves out what does not parse, and keeps the rest', () => {
    const facts = parseFacts({
      cpus: 'two',
      addresses: '[{"name":"eth0"',
      ports: '[{"port":22,"protocol":"tcp"},{"port":"x"},7]',
      swaps: '{"not":"a list"}',
      selinux: 'toString',
    });

    expect(facts).not.toHaveProperty('cpus');
    expect(facts).not.toHaveProperty('interfaces');
    expect(facts).not.toHaveProperty('swaps');
    expect(facts).not.toHaveProperty('selinux');
    expect(facts.ports).toEqual([{ port: 22, protocol: 'tcp' }]);
  });

  it('never throws, whatever a machine says', () => {
    const keys = Object.keys(recorded('debian12-control-plane'));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.string(), fc.json())),
        (results) => {
          expect(() => parseFacts(results, { sentAt: 1, receivedAt: 2 })).not.toThrow();
        },
      ),
    );
  });

  it('sees no offset in a clock that lies within the round trip, however long that took', () => {
    const facts = parseFacts({ time_ns: '1700000050000000000' }, trip(1700000000_000, 60_000));

    expect(facts.clockOffsetMs).toBe(0);
  });

  it.each([
    ['1700000100000000000', 40_000],
    ['1699999940000000000', -60_000],
  ])('takes the smallest offset that the round trip allows for %s', (time_ns, offset) => {
    const facts = parseFacts({ time_ns }, trip(1700000000_000, 60_000));

    expect(facts.clockOffsetMs).toBe(offset);
  });
});

describe('the script facts', () => {
  it.runIf(process.platform === 'linux')('tells about this computer what Node tells', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'plinth-facts-'));
    try {
      const sentAt = Date.now();
      await promisify(execFile)('bash', ['--norc', '-c', scriptText(factsStep, 'debian')], {
        env: {
          PATH: process.env['PATH'],
          LC_ALL: 'C',
          PLINTH_RUN_DIR: dir,
          PLINTH_STATE: join(dir, 'absent'),
        },
      });
      const results = Object.fromEntries(
        readdirSync(join(dir, 'results')).map((key) => [
          key,
          readFileSync(join(dir, 'results', key), 'utf8'),
        ]),
      );
      const facts = parseFacts(results, { sentAt, receivedAt: Date.now() });

      expect(facts.hostname).toBe(hostname());
      expect(facts.cpus).toBe(cpus().length);
      expect(facts.clockOffsetMs).toBe(0);
      expect(facts.disks?.[0]).toMatchObject({ path: '/' });
      expect(readdirSync(dir)).toEqual(['results']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('the load balancer as a machine sees it', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'plinth-endpoint-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  /** By a curl that answers so; `undefined`: none answers. */
  async function seen(endpoint: string, answer?: string): Promise<MachineFacts['endpoint']> {
    const curl = answer === undefined ? 'exit 7' : `cat <<'TEXT'\n${answer}\nTEXT`;
    writeFileSync(join(dir, 'curl'), `#!/bin/bash\n${curl}\n`, { mode: 0o755 });
    rmSync(join(dir, 'results'), { recursive: true, force: true });
    const text = scriptText(factsStep, 'debian');
    const functions = text.slice(0, text.indexOf('\nOPEN_FILES='));
    const last = text.slice(
      text.indexOf('\nif [[ -n ${API_ENDPOINT-} ]]'),
      text.indexOf('\nfact time_ns'),
    );
    await promisify(execFile)(
      'bash',
      ['--norc', '-c', `API_ENDPOINT='${endpoint}'\n${functions}${last}`],
      {
        env: {
          PATH: `${dir}:${process.env['PATH'] ?? ''}`,
          PLINTH_RUN_DIR: dir,
          PLINTH_STATE: dir,
        },
      },
    );
    const results = Object.fromEntries(
      readdirSync(join(dir, 'results')).map((key) => [
        key,
        readFileSync(join(dir, 'results', key), 'utf8'),
      ]),
    );
    return parseFacts(results).endpoint;
  }

  /** A port where somebody listens, while `work` is done. */
  async function listening<T>(work: (port: number) => Promise<T>): Promise<T> {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await work((server.address() as AddressInfo).port);
    } finally {
      server.close();
    }
  }

  it('does not resolve, or is closed', async () => {
    expect(await seen('lb.invalid 6443')).toEqual({ addresses: [], state: 'closed' });
    expect(await seen('127.0.0.1 1')).toEqual({ addresses: ['127.0.0.1'], state: 'closed' });
  });

  it('is open, an API server with its CA, or something else', async () => {
    const der = Buffer.from('the DER of a certificate');
    const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const data = `clusters:\\n- cluster:\\n    certificate-authority-data: ${Buffer.from(pem).toString('base64')}\\n    server: x`;
    const answers = await listening(async (port) => [
      await seen(`127.0.0.1 ${String(port)}`),
      await seen(`127.0.0.1 ${String(port)}`, `{"gitVersion": "v1.34.4", "kubeconfig": "${data}"}`),
      await seen(`127.0.0.1 ${String(port)}`, '<html>503</html>'),
    ]);
    const caSha256 = createHash('sha256').update(der).digest('hex');
    expect(answers).toEqual([
      { addresses: ['127.0.0.1'], state: 'open' },
      { addresses: ['127.0.0.1'], state: 'kubernetes', caSha256 },
      { addresses: ['127.0.0.1'], state: 'other' },
    ]);
  });

  it('is not looked for where the spec names none', () => {
    expect(factsParams(fixtureCluster().spec)).toEqual({});
    const { spec } = fixtureCluster();
    spec.config.network.controlPlaneEndpoint = '[fd00::9]:8443';
    expect(factsParams(spec)).toEqual({ API_ENDPOINT: 'fd00::9 8443' });
  });
});

function trip(sentAt: number, ms: number) {
  return { sentAt, receivedAt: sentAt + ms };
}
