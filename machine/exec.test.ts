import { afterEach, describe, expect, it } from 'vitest';
import type { ServerChannel } from 'ssh2';

import { finish, startSshServer } from '../test/ssh/sshServer.js';
import type { SshServer } from '../test/ssh/sshServer.js';
import { until } from '../test/ssh/until.js';
import { createMachines } from './pool.js';
import type { ExecResult, MachineSession } from './types.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  onExec: (command: string, channel: ServerChannel) => void,
): Promise<SshServer> {
  const server = await startSshServer({ onExec });
  cleanups.push(() => server.close());
  return server;
}

async function exec(
  server: SshServer,
  options?: Parameters<MachineSession['exec']>[1],
  username = 'root',
): Promise<ExecResult> {
  const machines = createMachines();
  cleanups.push(() => machines.close());
  return machines.with({ ...server.target, username }, (session) =>
    session.exec(`echo 'hi'`, options),
  );
}

describe('a command', () => {
  it('gives its exit code and both its outputs', async () => {
    const server = await serve((_, channel) => {
      channel.write('out');
      channel.stderr.write('err');
      finish(channel, 3);
    });
    expect(await exec(server)).toEqual({ code: 3, stdout: 'out', stderr: 'err' });
  });

  it('runs through sudo where the login is not root', async () => {
    let seen = '';
    const server = await serve((command, channel) => {
      seen = command;
      finish(channel, 0);
    });
    await exec(server, {}, 'ops');
    expect(seen).toBe(`sudo -n -- '/bin/sh' '-c' 'echo '\\''hi'\\'''`);
  });

  it('is ended by the machine itself when it takes too long', async () => {
    let seen = '';
    const server = await serve((command, channel) => {
      seen = command;
      finish(channel, 0);
    });
    await exec(server, { timeoutMs: 1500 });
    expect(seen).toMatch(/^'timeout' '-k' '5' '2' /);
  });

  it('reads its stdin to the end', async () => {
    const server = await serve((_, channel) => {
      channel.pipe(channel, { end: false });
      channel.once('end', () => finish(channel, 0));
    });
    expect((await exec(server, { stdin: 'päss' })).stdout).toBe('päss');
  });

  it('keeps a character whole that arrives in two pieces', async () => {
    const server = await serve((_, channel) => {
      const bytes = Buffer.from('ä');
      channel.write(bytes.subarray(0, 1));
      setTimeout(() => {
        channel.write(bytes.subarray(1));
        finish(channel, 0);
      }, 20);
    });
    expect((await exec(server)).stdout).toBe('ä');
  });

  it('that writes without end is cut at 1 MiB', async () => {
    const server = await serve((_, channel) => {
      channel.write(Buffer.alloc(3 * 1024 * 1024, 'x'), () => finish(channel, 0));
    });
    expect((await exec(server)).stdout).toHaveLength(1024 * 1024);
  });

  it('whose connection drops is ConnectionLost, not a result', async () => {
    const server = await serve((_, channel) => {
      channel.write('partial');
      setTimeout(() => server.cut(), 20);
    });
    await expect(exec(server)).rejects.toMatchObject({ code: 'ConnectionLost', retryable: true });
  });

  it('whose channel closes without a status is ConnectionLost', async () => {
    const server = await serve((_, channel) => channel.close());
    await expect(exec(server)).rejects.toMatchObject({ code: 'ConnectionLost' });
  });

  it('that hangs is left when the caller gives up', async () => {
    let closed = false;
    const abort = new AbortController();
    const server = await serve((_, channel) => {
      channel.resume().on('close', () => (closed = true));
      abort.abort();
    });
    await expect(exec(server, { signal: abort.signal })).rejects.toMatchObject({
      code: 'Cancelled',
    });
    await until('the channel is closed', () => closed);
  });
});
