import { lookCommand } from '../../machine/watch/lookScript.js';
import bare from '../fixtures/facts/debian12-bare.json' with { type: 'json' };
import { startScriptedMachine, type AskedStep, type SaidStep } from './scriptedMachine.js';
import type { SshServer } from './sshServer.js';

/** Lines that each step prints, about as many as kubeadm's join does. */
const LINES = 12;
const CA_HASH = `sha256:${'0'.repeat(64)}`;
const KUBECONFIG = JSON.stringify({
  clusters: [{ name: 'k', cluster: { server: 'https://127.0.0.1:7443' } }],
  users: [{ name: 'admin', user: {} }],
});

/** The n-th machine of a farm, from 1 on: its name and the address that it says it has. */
export function farmMachine(n: number): { hostname: string; privateIP: string } {
  return {
    hostname: `m${String(n)}`,
    privateIP: `10.77.${String(Math.floor(n / 250))}.${String(1 + (n % 250))}`,
  };
}

/**
 * Machines `first` to `last` in this process: each has a port of its own on loopback, answers every step at once with what a
 * bare Debian 12 machine told (`fixtures/facts`) or with success and a dozen lines, and runs nothing.
 */
export async function startFarm(first: number, last: number): Promise<SshServer[]> {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return Promise.all(numbers.map((n) => startScriptedMachine(recordedSteps(n))));
}

/** What the n-th machine of a farm says to each step. */
export function recordedSteps(n: number): (asked: AskedStep) => SaidStep {
  const output = Array.from(
    { length: LINES },
    (_, line) => `[step] line ${String(line + 1)} of it`,
  );
  return ({ step }) => {
    if (step === 'facts') return { results: factsOf(n) };
    return { output, results: { caCertHash: CA_HASH, kubeconfig: KUBECONFIG } };
  };
}

/** What the first of a farm's machines answers whenever its cluster is looked at: all is well. */
export function recordedLook(machines: number): (command: string) => string {
  const nodes = Array.from({ length: machines }, (_, index) => {
    const { hostname, privateIP } = farmMachine(index + 1);
    return ['node', hostname, 'v1.34.4', '', privateIP, 'Ready', 'True', '', 'KubeletReady', ''];
  });
  const etcd = ['etcd', farmMachine(1).hostname, 'member', 'healthy'];
  const rows = [...nodes, ['api', 'answers'], etcd, ['etcd-told']];
  const text = rows.map((row) => `${row.join('\t')}\n`).join('');
  return (command) => (command.includes(lookCommand(['cluster'])) ? text : '');
}

function factsOf(n: number): Record<string, string> {
  const { hostname, privateIP } = farmMachine(n);
  const hex = n.toString(16).padStart(4, '0');
  return {
    ...bare,
    hostname,
    machine_id: `machine-${hostname}`,
    boot_id: `boot-${hostname}`,
    addresses: JSON.stringify([
      { name: 'lo', address: '127.0.0.1' },
      { name: 'eth0', mac: `02:70:6c:4d:${hex.slice(0, 2)}:${hex.slice(2)}`, address: privateIP },
    ]),
    time_ns: `${String(Date.now())}000000`,
  };
}
