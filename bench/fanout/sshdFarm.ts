import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from '../../embedded/freePort.js';
import type { MachineTarget } from '../../machine/types.js';
import { testKey } from '../../test/ssh/keys.js';

const SSHD = '/usr/sbin/sshd';
const READY_MS = 20_000;
const LOOK_MS = 50;

/** A real sshd on an address of its own; what runs in it sees an empty /run and /var/lib. */
export interface Sshd {
  target: MachineTarget & { hostKey: string };
  /** Its own, below the farm's: where the commands write. */
  folder: string;
}

export interface SshdFarm {
  machines: Sshd[];
  /** The private key that opens all of them. */
  keyPath: string;
  stop(): Promise<void>;
}

/** So many sshd on 127.0.2.1 and on, one port, all their files below `folder`. Needs Linux and root. */
export async function startSshds(count: number, folder: string): Promise<SshdFarm> {
  const keyPath = join(folder, 'login-key');
  const [login, host] = [testKey(), testKey()];
  await writeFile(keyPath, login.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'host-key'), host.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'authorized'), `${login.publicKey}\n`, { mode: 0o600 });
  const port = await freePort(addressOf(1));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(ended));
  };
  try {
    const machines = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const node = `m${String(index + 1)}`;
        const address = addressOf(index + 1);
        const own = join(folder, node);
        await mkdir(own);
        const config = join(own, 'sshd_config');
        await writeFile(config, configOf({ address, port, folder, own }));
        children.push(startOne(config));
        await answers(address, port);
        const target = { node, host: address, port, username: 'root' };
        const keys = { privateKey: login.privateKey, hostKey: host.publicKey };
        return { target: { ...target, ...keys }, folder: own };
      }),
    );
    await chmod(folder, 0o700);
    return { machines, keyPath, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function addressOf(number: number): string {
  return `127.0.2.${String(number)}`;
}

interface SshdFiles {
  address: string;
  port: number;
  folder: string;
  own: string;
}

/** Debian's own settings but for where its files are, that nobody else logs in, and that it asks PAM nothing. */
export function configOf({ address, port, folder, own }: SshdFiles): string {
  return [
    `ListenAddress ${address}:${String(port)}`,
    `HostKey ${join(folder, 'host-key')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    `PidFile ${join(own, 'sshd.pid')}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
    '',
  ].join('\n');
}

/**
 * In a mount namespace: the runner of one machine must not find another one's files, none is to stay here, and what root's
 * shell does first on this computer is not what is measured.
 */
function startOne(config: string): ChildProcess {
  const setup =
    'for folder in /run /var/lib "$2"; do mount -t tmpfs none "$folder" || exit; done; mkdir /run/sshd; exec "$0" -D -e -f "$1"';
  return spawn('unshare', ['--mount', 'sh', '-c', setup, SSHD, config, userInfo().homedir], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

async function answers(address: string, port: number): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, address, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    if (Date.now() > deadline) throw new Error(`no sshd answers at ${address}:${String(port)}`);
    await delay(LOOK_MS);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await end;
}

/** What the commands have left on a machine, in order; nothing: no line. */
export async function linesOn({ folder }: Sshd): Promise<string[]> {
  const text = await readFile(outputOn(folder), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

export function outputOn(folder: string): string {
  return join(folder, 'out');
}
