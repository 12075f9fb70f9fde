import { Socket } from 'node:net';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { testKey } from '../test/ssh/keys.js';
import { finish, startSshServer } from '../test/ssh/sshServer.js';
import type { SshServer, SshServerOptions } from '../test/ssh/sshServer.js';
import { until } from '../test/ssh/until.js';
import { createMachines } from './pool.js';
import type { MachinesOptions } from './pool.js';
import type { Machines } from './types.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options?: SshServerOptions): Promise<SshServer> {
  const server = await startSshServer(options);
  cleanups.push(() => server.close());
  return server;
}

function pool(options?: MachinesOptions): Machines {
  const machines = createMachines({ connectTimeoutMs: 2_000, ...options });
  cleanups.push(() => machines.close());
  return machines;
}

const [first, second] = [testKey(), testKey('rsa')];
const fingerprint = async (server: SshServer): Promise<string> =>
  pool().with(server.target, async ({ hostKey }) => Promise.resolve(hostKey.fingerprint));

describe('an observer', () => {
  const seen = { handshakes: 0, open: 0, working: 0, mostAtWork: 0, failed: [] as string[] };
  const observe: MachinesOptions['observe'] = {
    handshake: () => (seen.handshakes += 1),
    opened: () => (seen.open += 1),
    closed: () => (seen.open -= 1),
    failed: (code) => seen.failed.push(code),
    atWork: (change) => {
      seen.working += change;
      seen.mostAtWork = Math.max(seen.mostAtWork, seen.working);
    },
  };

  it('is told of handshakes, connections, machines at work and failures by class', async () => {
    const [server, locked] = [await start(), await start({ authorize: () => false })];
    const machines = pool({ observe });
    await Promise.all(
      [1, 2, 3].map(() => machines.with(server.target, (session) => session.exec('true'))),
    );
    expect(seen).toEqual({ handshakes: 1, open: 1, working: 0, mostAtWork: 1, failed: [] });
    await expect(machines.with(locked.target, async () => undefined)).rejects.toThrow();
    expect(seen).toMatchObject({ handshakes: 2, open: 1, failed: ['AuthFailed'] });
    await machines.close();
    await until('the connection is closed', () => seen.open === 0);
  });
});

describe('a connection', () => {
  it('is shared by everyone who works on the machine', async () => {
    const server = await start();
    const machines = pool();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        machines.with(server.target, (session) => session.exec('true')),
      ),
    );
    expect(server.accepted).toBe(1);
  });

  it('carries at most 8 commands at once', async () => {
    const server = await start({
      onExec: (_, channel) => setTimeout(() => finish(channel, 0), 20),
    });
    await pool().with(server.target, (session) =>
      Promise.all(Array.from({ length: 20 }, () => session.exec('true'))),
    );
    expect(server.peakChannels).toBe(8);
  });

  it('makes do with fewer channels where the machine allows no more', async () => {
    const server = await start({
      maxSessions: 3,
      onExec: (_, channel) => setTimeout(() => finish(channel, 0), 20),
    });
    const results = await pool().with(server.target, (session) =>
      Promise.all(Array.from({ length: 10 }, () => session.exec('true'))),
    );
    expect(results.map(({ code }) => code)).toEqual(Array(10).fill(0));
  });

  it('sends what it has at once: no small packet waits for the answer to another', async () => {
    const server = await start();
    const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    try {
      await pool().with(server.target, (session) => session.exec('true'));
      const told = setNoDelay.mock.contexts.filter(
        (socket, call) => setNoDelay.mock.calls[call]?.[0] === true && socket instanceof Socket,
      ) as Socket[];
      expect(told.map(({ remotePort }) => remotePort)).toContain(server.target.port);
    } finally {
      setNoDelay.mockRestore();
    }
  });

  it('is closed when nobody used it for a while, and made again when needed', async () => {
    const server = await start();
    const machines = pool({ idleMs: 30 });
    await machines.with(server.target, (session) => session.exec('true'));
    await until('the idle connection is closed', () => server.open === 0);
    await machines.with(server.target, (session) => session.exec('true'));
    expect(server.accepted).toBe(2);
  });

  it('is closed before its time when there are many that nobody uses, the longest unused first', async () => {
    const servers = [await start(), await start(), await start()] as const;
    const machines = pool({ mostIdle: 2 });
    const use = ({ target }: SshServer) =>
      machines.with(target, (session) => session.exec('true')).then(() => undefined);
    const [a, b, c] = servers;
    for (const server of [a, b, a, c]) await use(server);
    await until('the one is closed', () => b.open === 0);
    for (const server of [a, c]) await use(server);
    expect(servers.map(({ open, accepted }) => [open, accepted])).toEqual([
      [1, 1],
      [0, 1],
      [1, 1],
    ]);
  });

  it("that never came about, or was lost, takes no other one's place", async () => {
    const [live, dead, cut] = [await start(), await start(), await start()];
    await dead.close();
    const machines = pool({ mostIdle: 1 });
    const use = ({ target }: SshServer) =>
      machines.with(target, (session) => session.exec('true')).then(() => undefined);
    await use(live);
    await expect(use(dead)).rejects.toThrow();
    const lost = machines.with(cut.target, async (session) => {
      cut.cut();
      await session.exec('true');
    });
    await expect(lost).rejects.toThrow();
    await use(live);
    expect([live.open, live.accepted]).toEqual([1, 1]);
  });

  it('that somebody uses does not count among those that nobody uses', async () => {
    const [a, b] = [await start(), await start()];
    const machines = pool({ mostIdle: 0 });
    await machines.with(a.target, async (session) => {
      await machines.with(b.target, (other) => other.exec('true'));
      await until('the other is closed', () => b.open === 0);
      expect((await session.exec('true')).code).toBe(0);
    });
    await until('it is closed as well', () => a.open === 0);
    expect([a.accepted, b.accepted]).toEqual([1, 1]);
  });

  it('that dropped while nobody used it is replaced', async () => {
    const server = await start();
    const machines = pool();
    await machines.with(server.target, (session) => session.exec('true'));
    server.cut();
    await until('the next call works on a new one', () =>
      machines
        .with(server.target, (session) => session.exec('true'))
        .then(
          () => true,
          () => false,
        ),
    );
    expect(server.logins).toBe(2);
  });

  it('is tried again when the machine drops it before the handshake', async () => {
    const server = await start({ dropFirst: 2 });
    const { code } = await pool().with(server.target, (session) => session.exec('true'));
    expect(code).toBe(0);
    expect(server.accepted).toBe(3);
  });

  it('goes through a bastion', async () => {
    const [machine, bastion] = [await start({ hostKeys: [second.privateKey] }), await start()];
    const { host, port } = bastion.target;
    const target = { ...machine.target, bastion: { host, port, username: 'jump' } };
    const key = await pool().with(target, (session) => Promise.resolve(session.hostKey.key));
    expect(key).toBe(second.publicKey);
    expect(machine.logins + bastion.logins).toBe(2);
  });

  it('keeps the bastion that it goes through open, and lets it go afterwards', async () => {
    const [machine, bastion] = [await start(), await start()];
    const { host, port } = bastion.target;
    const target = { ...machine.target, bastion: { host, port, username: 'jump' } };
    const machines = pool({ idleMs: 30 });
    await machines.with(target, async (session) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await session.exec('true');
    });
    await until('both are closed', () => machine.open + bastion.open === 0);
    expect(bastion.accepted).toBe(1);
  });
});

describe('a machine that cannot be worked on', () => {
  it('and refuses connections is unreachable at once', async () => {
    const server = await start();
    await server.close();
    cleanups.pop();
    await expect(fingerprint(server)).rejects.toMatchObject({
      code: 'MachineUnreachable',
      message: expect.stringContaining('n1 (127.0.0.1:') as string,
    });
  });

  it('and never greets is unreachable when the time is up', async () => {
    const server = await start({ silent: true });
    await expect(
      pool({ connectTimeoutMs: 200 }).with(server.target, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'MachineUnreachable' });
  });

  it('and drops every connection before the handshake is unreachable when the time is up', async () => {
    const server = await start({ dropFirst: 1000 });
    await expect(
      pool({ connectTimeoutMs: 500 }).with(server.target, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'MachineUnreachable' });
    expect(server.accepted).toBeGreaterThan(1);
  });

  it('and that the bastion cannot reach is unreachable, by that name', async () => {
    const bastion = await start();
    const gone = await start();
    await gone.close();
    cleanups.pop();
    const { host, port } = bastion.target;
    const target = { ...gone.target, bastion: { host, port, username: 'jump' } };
    await expect(pool().with(target, () => Promise.resolve())).rejects.toMatchObject({
      code: 'MachineUnreachable',
      message: expect.stringContaining('through bastion') as string,
    });
  });

  it('and that the bastion waits for in vain is unreachable when the time is up', async () => {
    const bastion = await start({ deadNetwork: true });
    const { host, port } = bastion.target;
    const target = { ...bastion.target, port: 1, bastion: { host, port, username: 'jump' } };
    await expect(
      pool({ connectTimeoutMs: 300 }).with(target, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'MachineUnreachable' });
  });

  it('and refuses the key fails with the user that was refused', async () => {
    const server = await start({ authorize: () => false });
    await expect(fingerprint(server)).rejects.toMatchObject({
      code: 'AuthFailed',
      message: expect.stringContaining('refuses the login of root') as string,
    });
  });

  it.each([
    'sudo: a password is required',
    'sudo: a terminal is required to read the password',
    'sudo: sorry, you must have a tty to run sudo',
  ])('and answers %j fails with what to do', async (line) => {
    const server = await start({
      onExec: (_, channel) => {
        channel.stderr.write(`${line}\n`);
        finish(channel, 1);
      },
    });
    const target = { ...server.target, username: 'ops' };
    await expect(pool().with(target, (session) => session.exec('true'))).rejects.toMatchObject({
      code: 'AuthFailed',
      failure: { hint: expect.stringContaining('NOPASSWD') as string },
    });
  });
});

describe('a pinned host key', () => {
  it.each([
    ['key', (): string => second.publicKey],
    ['fingerprint', (): string => ''],
  ])('given as %s is found on a machine that has several', async (form, pin) => {
    const onlySecond = await start({ hostKeys: [second.privateKey] });
    const hostKey = form === 'key' ? pin() : await fingerprint(onlySecond);
    const server = await start({ hostKeys: [first.privateKey, second.privateKey] });
    const seen = await pool().with({ ...server.target, hostKey }, (session) =>
      Promise.resolve(session.hostKey.key),
    );
    expect(seen).toBe(second.publicKey);
  });

  it.each(['key', 'fingerprint'])(
    'given as %s that changed stops the login and names both',
    async (form) => {
      const before = await start({ hostKeys: [first.privateKey] });
      const pinned = await fingerprint(before);
      const now = await start({ hostKeys: [second.privateKey] });
      const shown = await fingerprint(now);
      const logins = now.logins;
      const hostKey = form === 'key' ? first.publicKey : pinned;
      await expect(
        pool().with({ ...now.target, hostKey }, () => Promise.resolve()),
      ).rejects.toMatchObject({
        code: 'HostKeyMismatch',
        message: expect.stringContaining(`${shown}, but ${pinned} is pinned`) as string,
      });
      expect(now.logins).toBe(logins);
    },
  );

  it('of another kind than a live connection showed is looked for on the machine', async () => {
    const server = await start({ hostKeys: [first.privateKey, second.privateKey] });
    const machines = pool();
    const key = (hostKey?: string): Promise<string> =>
      machines.with(
        { ...server.target, ...(hostKey === undefined ? {} : { hostKey }) },
        (session) => Promise.resolve(session.hostKey.key),
      );
    expect(await key()).toBe(first.publicKey);
    expect(await key(second.publicKey)).toBe(second.publicKey);
  });

  it('is checked on a connection that was made without it too', async () => {
    const server = await start({ hostKeys: [first.privateKey] });
    const machines = pool();
    await machines.with(server.target, () => Promise.resolve());
    await expect(
      machines.with({ ...server.target, hostKey: second.publicKey }, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'HostKeyMismatch' });
  });
});
