import { describe, expect, it } from 'vitest';

import { byNameOnly } from '../test/fixtures/byNameOnly.js';
import { fixtureCluster } from '../test/fixtures/cluster.js';
import {
  awaitedNodes,
  awaitedText,
  comesByInstaller,
  withRegistrations,
  type Registration,
} from './registration.js';

function registration(hostname: string, set: Partial<Registration> = {}): Registration {
  return {
    hostname,
    address: '10.77.0.12',
    addresses: ['10.77.0.12', 'fd00::12'],
    username: 'plinth',
    port: 2222,
    operatingSystem: 'Debian12',
    arch: 'amd64',
    hostKeys: ['ssh-ed25519 AAAA'],
    registeredAt: '2026-11-23T08:00:00.000Z',
    ...set,
  };
}

/** m1 has its key in the spec; m2 and m3 come by the installer command, m2 by its name only. */
function spec() {
  const { spec: of } = fixtureCluster();
  const [m1, m2, m3] = of.config.nodes;
  delete m3!.ssh;
  of.config.nodes = [m1!, byNameOnly(m2!), m3!];
  return of;
}

describe('nodes that come by the installer command', () => {
  it('are those that no key of the spec opens', () => {
    const of = spec();
    const coming = () => of.config.nodes.filter((node) => comesByInstaller(of, node)).length;
    expect(coming()).toBe(2);
    of.config.ssh = { privateKeyPath: 'fleet.pem' };
    expect(coming()).toBe(0);
    expect(awaitedNodes(of, [])).toBeUndefined();
  });

  it('are waited for until they are registered and approved, in words', () => {
    const of = spec();
    const awaited = awaitedNodes(of, [registration('m3')]);
    expect(awaited).toEqual({ unregistered: ['m2'], unapproved: ['m3'] });
    expect(awaitedText(awaited!)).toMatch(
      /^waiting for m2 to register: .*installercmds.*; waiting for m3 to be approved: .*approve/,
    );
    const all = ['m2', 'm3'].map((name) => registration(name, { approvedAt: 'now' }));
    expect(awaitedNodes(of, all)).toBeUndefined();
  });

  it('get the address and the login that they registered with; what the spec says stands', () => {
    const of = withRegistrations(spec(), [
      registration('m1'),
      registration('m2', { operatingSystem: 'Ubuntu24.04', arch: 'arm64' }),
      registration('m3', { operatingSystem: 'Ubuntu24.04', arch: 'arm64' }),
    ]);
    const [m1, m2, m3] = of.config.nodes;
    expect(m1?.ssh?.username).toBe('ops');
    expect(m2).toMatchObject({
      ...{ privateIP: '10.77.0.12', operatingSystem: 'Ubuntu24.04', arch: 'arm64' },
      ssh: { ipAddress: '10.77.0.12', username: 'plinth', port: '2222' },
    });
    expect(m3).toMatchObject({
      privateIP: '10.77.0.13',
      operatingSystem: 'Debian12',
      arch: 'amd64',
    });
  });

  it('are reached over IPv6 and reach each other over IPv4', () => {
    const [, m2] = withRegistrations(spec(), [
      registration('m2', { address: 'fd00::12', addresses: ['fd00::12', '10.77.0.12'] }),
    ]).config.nodes;
    expect(m2).toMatchObject({ privateIP: '10.77.0.12', ssh: { ipAddress: 'fd00::12' } });
  });
});
