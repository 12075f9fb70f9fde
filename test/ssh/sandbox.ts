import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import type { ServerChannel } from 'ssh2';

/**
 * A machine of sorts for the runner's shell: this computer with an empty /run and /var/lib of its own
 * (a mount namespace), hence without systemd. Needs Linux and root.
 */
export interface Sandbox {
  /** Runs what an SSH exec would, with the channel as its streams; a channel that goes closes them, as sshd does. */
  exec(command: string, channel: ServerChannel): void;
  close(): void;
}

export const sandboxAvailable = process.platform === 'linux' && process.getuid?.() === 0;

export async function startSandbox(): Promise<Sandbox> {
  const setup =
    'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && echo ready && exec cat >/dev/null';
  const holder = spawn('unshare', ['-m', 'sh', '-c', setup], {
    // Ends with this process, however that ends.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const pid = String(holder.pid);
  return {
    exec: (command, channel) => {
      const child = spawn('nsenter', ['-t', pid, '-m', 'sh', '-c', command], { detached: true });
      child.stdin.on('error', () => undefined);
      child.stdout.on('error', () => undefined);
      channel.pipe(child.stdin);
      child.stdout.pipe(channel, { end: false });
      child.stderr.pipe(channel.stderr, { end: false });
      channel.once('close', () => hangUp(child));
      child.once('close', (code) => {
        if (!channel.writable) return;
        channel.exit(code ?? 255);
        channel.end();
      });
    },
    close: () => {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      for (const other of processesIn(namespace)) process.kill(other, 'SIGKILL');
    },
  };
}

function hangUp(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function processesIn(namespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readlinkSync(`/proc/${name}/ns/mnt`) === namespace;
      } catch {
        return false;
      }
    })
    .map(Number);
}
