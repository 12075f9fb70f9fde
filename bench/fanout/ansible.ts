import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ensurePythonPackages } from '../../embedded/pythonTools.js';
import { commandOf, numbers } from './commands.js';
import type { Sshd, SshdFarm } from './sshdFarm.js';

const run = promisify(execFile);
const VERSION = '2.19.14';
/** Forks 5 on two busy cores takes minutes; what takes longer hangs. */
const TIMEOUT_MS = 20 * 60_000;
/** What a command has at most, where somebody else than we counts. */
const COMMAND_SECONDS = 60;
const OUTPUT_BYTES = 64 * 1024 * 1024;

export interface AnsibleSettings {
  forks: number;
  pipelining: boolean;
  /** Each command a job that outlives its connection (`async`), asked for its end every second (`poll`, in whole seconds). */
  detached?: boolean;
}

/** `ansible-playbook` of ansible-core, installed once into a directory of its own. */
export async function ensureAnsible(say: (line: string) => void): Promise<string> {
  const directory = await ensurePythonPackages(
    {
      ...{ title: 'Ansible', name: 'ansible', requirements: [`ansible-core==${VERSION}`] },
      wayOut: 'Install Python 3.11 or newer with venv',
    },
    { onInstall: (folder) => say(`installing ansible-core ${VERSION} into ${folder} …`) },
  );
  return join(directory, 'bin/ansible-playbook');
}

/** Seconds of one `ansible-playbook` that runs the commands as a task each. No connection of an earlier one is open. */
export async function byAnsible(
  playbook: string,
  farm: SshdFarm,
  { signal, ...settings }: AnsibleSettings & { signal: AbortSignal },
): Promise<number> {
  // What it keeps, its connections' sockets among it, is this call's alone. Sockets want a short path.
  const own = await mkdtemp('/tmp/plinth-ansible-');
  const config = join(own, 'ansible.cfg');
  await mkdir(join(own, 'cp'));
  await writeFile(config, ansibleConfig({ own, farm, ...settings }));
  await writeFile(join(own, 'known_hosts'), farm.machines.map(knownHost).join(''));
  await writeFile(join(own, 'inventory'), farm.machines.map(inventoryLine).join(''));
  await writeFile(join(own, 'play.yml'), playOf(settings));
  const startedAt = performance.now();
  try {
    await run(playbook, ['-i', join(own, 'inventory'), join(own, 'play.yml')], {
      env: { ...process.env, ANSIBLE_CONFIG: config, ANSIBLE_HOME: join(own, 'home') },
      ...{ timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES, cwd: own, signal },
    });
    return (performance.now() - startedAt) / 1000;
  } finally {
    await closeConnections(join(own, 'cp'));
    await run('rm', ['-rf', own]);
  }
}

interface Config extends AnsibleSettings {
  own: string;
  farm: SshdFarm;
}

/** Host keys are checked, as ours are; connections stay open between tasks in both settings. */
export function ansibleConfig({ own, farm, forks, pipelining }: Config): string {
  return [
    '[defaults]',
    `forks = ${String(forks)}`,
    `private_key_file = ${farm.keyPath}`,
    'remote_user = root',
    'host_key_checking = True',
    'gathering = explicit',
    'interpreter_python = /usr/bin/python3',
    `local_tmp = ${join(own, 'local')}`,
    'retry_files_enabled = False',
    '[ssh_connection]',
    `pipelining = ${pipelining ? 'True' : 'False'}`,
    `control_path_dir = ${join(own, 'cp')}`,
    `ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${join(own, 'known_hosts')}`,
    '',
  ].join('\n');
}

function knownHost({ target }: Sshd): string {
  return `[${target.host}]:${String(target.port)} ${target.hostKey}\n`;
}

function inventoryLine({ target, folder }: Sshd): string {
  const { node, host, port } = target;
  return `${node} ansible_host=${host} ansible_port=${String(port)} ansible_remote_tmp=${folder}/tmp folder=${folder}\n`;
}

/** One task for each command; facts are not gathered. JSON is YAML. */
export function playOf({ detached = false }: Pick<AnsibleSettings, 'detached'> = {}): string {
  const job = detached ? { async: COMMAND_SECONDS, poll: 1 } : {};
  const tasks = numbers.map((number) => ({
    name: `command ${String(number)}`,
    'ansible.builtin.shell': commandOf(number, '{{ folder }}/out'),
    ...job,
  }));
  return `${JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }])}\n`;
}

async function closeConnections(folder: string): Promise<void> {
  for (const socket of await readdir(folder).catch(() => [])) {
    // Its name ends with it: the host is not looked at.
    await run('ssh', ['-o', `ControlPath=${join(folder, socket)}`, '-O', 'exit', 'any']).catch(
      () => undefined,
    );
  }
}
