import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));
const KEYS = {
  'net/bridge/bridge-nf-call-iptables': '1',
  'net/bridge/bridge-nf-call-ip6tables': '1',
  'net/ipv4/ip_forward': '0',
  'vm/overcommit_memory': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'fs/inotify/max_user_watches': '8192',
  'fs/inotify/max_user_instances': '8192',
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-os-'));
  for (const [key, value] of Object.entries(KEYS)) {
    await mkdir(join(dir, 'sys', key, '..'), { recursive: true });
    await writeFile(join(dir, 'sys', key), `${value}\n`);
  }
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The kernel settings of os-prepare, on a machine whose /proc/sys and /etc are folders of the test. */
async function setSysctls(): Promise<{ failed: boolean; output: string }> {
  const files = ['prelude', 'ledger', 'os-prepare'];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  const text = texts
    .join('\n')
    .replaceAll('/proc/sys', `${dir}/sys`)
    .replaceAll('/etc/', `${dir}/`);
  const functions = text.slice(0, text.indexOf('\nrecord_host_paths\n'));
  const env = {
    PATH: process.env['PATH'],
    PLINTH_RUN_DIR: dir,
    PLINTH_STATE: join(dir, 'state'),
    IPV6: 'false',
  };
  return exec('bash', ['--norc', '-c', `${functions}\nset_sysctls`], { env }).then(
    ({ stdout }) => ({ failed: false, output: stdout }),
    (error: unknown) => ({ failed: true, output: (error as { stderr: string }).stderr }),
  );
}

const value = async (key: string) => (await readFile(join(dir, 'sys', key), 'utf8')).trim();
const kept = () => readFile(join(dir, 'sysctl.d/99-plinth.conf'), 'utf8');

/** A file that even root cannot write, as the kernel's are where they belong to somebody else. */
async function readOnly(key: string): Promise<void> {
  await rm(join(dir, 'sys', key));
  await symlink('/proc/version', join(dir, 'sys', key));
}

describe('kernel settings', () => {
  it('are set now, and kept over a reboot', async () => {
    expect(await setSysctls()).toMatchObject({ failed: false });
    expect(await value('net/ipv4/ip_forward')).toBe('1');
    expect(await value('vm/overcommit_memory')).toBe('1');
    expect(await kept()).toContain('net.ipv4.ip_forward = 1\n');
  });

  it('that are minima are raised, kept over a reboot, and never lowered', async () => {
    await setSysctls();
    expect(await value('fs/inotify/max_user_watches')).toBe('524288');
    expect(await value('fs/inotify/max_user_instances')).toBe('8192');
    expect(await kept()).toContain('fs.inotify.max_user_watches = 524288\n');
    expect(await kept()).not.toContain('max_user_instances');
  });

  it('that were raised before stay in the file when the step comes again', async () => {
    await setSysctls();
    const first = await kept();
    await setSysctls();
    expect(await kept()).toBe(first);
  });

  it('that the kernel does not take are an error where packets need them', async () => {
    await readOnly('net/ipv4/ip_forward');
    const { failed, output } = await setSysctls();
    expect(failed).toBe(true);
    expect(output).toContain('net.ipv4.ip_forward cannot be set to 1');
  });

  it('that the kernel does not take are told, and no more, where the cluster works without', async () => {
    await readOnly('kernel/panic');
    const { failed, output } = await setSysctls();
    expect(failed, output).toBe(false);
    expect(output).toContain('kernel.panic cannot be set to 10 here');
  });
});
