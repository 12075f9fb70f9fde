import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseFacts } from './facts.js';
import { factsStep } from './steps/facts.js';
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
      await promisify(execFile)('bash', ['-c', scriptText(factsStep, 'debian')], {
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

function trip(sentAt: number, ms: number) {
  return { sentAt, receivedAt: sentAt + ms };
}
