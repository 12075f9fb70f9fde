import { spawn } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineAddress } from './addresses.js';
import { killCgroup, processesIn, removeCgroup } from './cgroups.js';
import { machineDir, mountDisk, unmountDisk, wipeDisk } from './disk.js';
import { execOn, initPid } from './exec.js';
import { removeNetwork } from './network.js';
import { labPaths, type LabPaths } from './paths.js';

const SUPERVISOR = fileURLToPath(new URL('machine-run.sh', import.meta.url));
/** A boot takes 1–3 s on an idle host; many at once on a busy one take longer. */
const BOOT_DEADLINE_MS = 60_000;
/** systemd inside gets this long to stop its services before the power goes. */
const SHUTDOWN_DEADLINE_MS = 10_000;

/** Switches a machine on and waits until it has booted and sshd answers; nothing when it is on. */
export async function powerOn(name: string, paths: LabPaths = labPaths()): Promise<void> {
  const address = machineAddress(name);
  const dir = machineDir(paths, name);
  if (processesIn(address.cgroup).length === 0) {
    await mountDisk(paths, name);
    rmSync(join(dir, 'nspawn.pid'), { force: true });
    const output = openSync(join(dir, 'console.log'), 'w');
    const child = spawn(SUPERVISOR, [name, address.ip, dir], {
      detached: true,
      stdio: ['ignore', output, output],
      cwd: '/',
    });
    closeSync(output);
    child.on('error', () => undefined);
    child.unref();
  }
  await waitUntilBooted(name, paths);
}

/** Cuts a machine's power: nothing in it gets to say goodbye. Its disk stays. */
export async function powerOff(name: string, paths: LabPaths = labPaths()): Promise<void> {
  const { cgroup } = machineAddress(name);
  await killCgroup(cgroup);
  await removeNetwork(name);
  await unmountDisk(paths, name);
  await removeCgroup(cgroup);
}

/** Shuts a machine down in order, then removes what it left on the host. Its disk stays. */
export async function shutDown(name: string, paths: LabPaths = labPaths()): Promise<void> {
  const file = join(machineDir(paths, name), 'nspawn.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const { cgroup } = machineAddress(name);
  // The recorded pid counts only while it is one of the machine's own processes.
  if (pid > 0 && processesIn(cgroup).includes(pid)) {
    process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + SHUTDOWN_DEADLINE_MS;
    while (processesIn(cgroup).length > 0 && Date.now() < deadline) await sleep(50);
  }
  await powerOff(name, paths);
}

/** Reboots a machine from inside, in order, and waits until it is back. */
export async function reboot(name: string, paths: LabPaths = labPaths()): Promise<void> {
  const before = initPid(name, paths);
  await execOn(name, 'systemctl --no-block reboot', { paths });
  const deadline = Date.now() + BOOT_DEADLINE_MS;
  while (initPid(name, paths) === before) {
    if (Date.now() > deadline) throw new Error(`${name} does not go down for its reboot`);
    await sleep(50);
  }
  await waitUntilBooted(name, paths);
}

/** Brings a machine back to the bare state in seconds: power off, empty disk, power on. */
export async function resetMachine(name: string, paths: LabPaths = labPaths()): Promise<void> {
  await powerOff(name, paths);
  await wipeDisk(paths, name);
  await powerOn(name, paths);
}

/** Whether anything of the machine is running. */
export function isOn(name: string): boolean {
  return processesIn(machineAddress(name).cgroup).length > 0;
}

async function waitUntilBooted(name: string, paths: LabPaths): Promise<void> {
  const dir = machineDir(paths, name);
  const cut = existsSync(join(dir, 'network-cut'));
  const deadline = Date.now() + BOOT_DEADLINE_MS;
  let booted = false;
  while (Date.now() < deadline) {
    booted = booted || (await hasBooted(name, paths));
    if (booted && (cut || (await answersSsh(machineAddress(name).ip)))) return;
    await sleep(100);
  }
  const console = readFileSync(join(dir, 'console.log'), 'utf8').split('\n').slice(-20).join('\n');
  throw new Error(
    `${name} has not booted in ${BOOT_DEADLINE_MS / 1000} s; its console:\n${console}`,
  );
}

async function hasBooted(name: string, paths: LabPaths): Promise<boolean> {
  if (initPid(name, paths) === undefined) return false;
  // "degraded" has booted too: what failed is for whoever looks.
  const state = await execOn(name, 'systemctl is-system-running', { paths, timeoutMs: 5_000 });
  return /^(running|degraded)/.test(state.stdout);
}

/** Whether an SSH server greets at the address within a second. */
function answersSsh(ip: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port: 22, timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (greeting) => end(greeting.toString().startsWith('SSH-')));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}
