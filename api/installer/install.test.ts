import { execFile, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { machineSchema } from '../routes/installer/register.js';
import { INSTALL_SCRIPT } from './installScript.js';

const SCRIPT = fileURLToPath(new URL('./install.sh', import.meta.url));
const MACHINE = fileURLToPath(new URL('../../test/api/installerMachine.sh', import.meta.url));
const TOKEN = 'plinthi_0123456789abcdef_secret';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHLuG9Go6ZzPiDXYxAEfZQZmAUC2sqgYVxpM6lXTqMl';

let folder: string;
let server: Server;
/** What machines posted. */
let registered: unknown[];
/** What registering is answered. */
let answer: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-installer-'));
  registered = [];
  answer = 200;
  server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return void response.writeHead(404).end();
    if (request.method === 'GET') return void response.end(INSTALL_SCRIPT);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      registered.push(JSON.parse(body));
      response.writeHead(answer).end('{"message":"as the test has it"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

/** Runs commands on a machine of its own; `run_installer`, `same`: see there. */
async function onMachine(commands: string, token = TOKEN): Promise<{ code: number; out: string }> {
  const text = `${await readFile(MACHINE, 'utf8')}\n${commands}`;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}`;
  const env = { ...process.env, SCRIPT, KEY, MACHINE: folder, TOKEN: token, URL: url };
  const namespaces = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  return new Promise((resolve) => {
    execFile(
      'unshare',
      [...namespaces, 'bash', '--norc', '-c', text],
      { env },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out: stdout + stderr });
      },
    );
  });
}

async function passes(commands: string, token?: string): Promise<string> {
  const { code, out } = await onMachine(commands, token);
  expect(code, out).toBe(0);
  return out;
}

/** As root, and not in a container without the right to. */
const possible = spawnSync('unshare', ['--mount', 'true']).status === 0;

describe.runIf(possible)('the installer', () => {
  test('makes a login that may sudo without a password, and registers the machine', async () => {
    const out = await passes(`
      run_installer --hostname m1
      test "$(cat /home/plinth/.ssh/authorized_keys)" = "$KEY"
      stat -c '%a %U' /home/plinth/.ssh /home/plinth/.ssh/authorized_keys
      getent shadow plinth | cut -d: -f2
      su plinth -c 'sudo -n id -u'
    `);
    expect(out.split('\n')).toEqual(expect.arrayContaining(['700 plinth', '600 plinth', '*', '0']));
    expect(out).toContain('m1 is registered from 127.0.0.1');
    const machine = machineSchema.parse(registered[0]);
    expect(machine).toMatchObject({ hostname: 'm1', address: '127.0.0.1', username: 'plinth' });
    expect(machine.hostKeys.some((key) => key.startsWith('ssh-ed25519 '))).toBe(true);
  });

  test('may be run again: nothing changes, and the machine says the same', async () => {
    await passes(`
      run_installer
      before=$(state | sort)
      run_installer
      same
    `);
    expect(registered[1]).toEqual(registered[0]);
  });

  test('is undone to the last file, by the copy that it leaves', async () => {
    await passes(`
      run_installer
      run_installer
      refused same >/dev/null
      plinth-installer --undo
      same
      refused plinth-installer --undo
    `);
  });

  test('ends what the login runs when it is undone', async () => {
    await passes(`
      run_installer
      su plinth -c 'sleep 300' &
      until pgrep -u plinth sleep >/dev/null; do sleep 0.05; done
      plinth-installer --undo
      same
    `);
  });

  test('is not undone while the machine is in a cluster', async () => {
    const out = await passes(`
      run_installer
      mkdir /var/lib/plinth && touch /var/lib/plinth/owner
      refused plinth-installer --undo
      id plinth
    `);
    expect(out).toContain('this machine is in a cluster');
  });

  test('changes nothing with a token that is not good', async () => {
    const out = await passes('refused run_installer\n same', 'plinthi_0123456789abcdef_other');
    expect(out).toContain('does not take this token');
    expect(registered).toEqual([]);
  });

  test('leaves nothing where the machine is refused, and says why', async () => {
    answer = 409;
    const out = await passes('refused run_installer\n same');
    expect(out).toContain('as the test has it');
  });

  test('keeps what an earlier run made where a later one is refused', async () => {
    let asked = 0;
    server.on('request', () => (answer = (asked += 1) < 3 ? 200 : 409));
    await passes(`
      run_installer
      before=$(state | sort)
      refused run_installer
      same
    `);
  });

  test('leaves a login alone that it did not make', async () => {
    const out = await passes(`
      useradd plinth
      before=$(state | sort)
      refused run_installer
      same
    `);
    expect(out).toContain('a login plinth that this script did not make');
  });

  test('goes on after a run that was cut short', async () => {
    await passes(`
      mkdir /var/lib/plinth-installer.new
      run_installer
      plinth-installer --undo
      same
    `);
  });

  test.each(['--nonsense', '--url', '--token x'])('refuses %s', async (options) => {
    await passes(`refused sh "$SCRIPT" ${options} </dev/null\n same`);
  });
});
