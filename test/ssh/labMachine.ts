import { readFileSync } from 'node:fs';

import { readLab } from '../../lab/labFile.js';
import { resetConnections } from '../../lab/network.js';
import type { MachineTarget } from '../../machine/types.js';
import { asWorker } from './runnerMachine.js';
import type { RunnerMachine } from './runnerMachine.js';

/** A machine of the lab that is in no cluster: a real sshd, systemd, and a login that has to use sudo. */
export async function labTarget(): Promise<MachineTarget> {
  const { machines, privateKeyPath } = readLab();
  const privateKey = readFileSync(privateKeyPath, 'utf8');
  for (const { name: node, ip: host, user: username, hostKey } of machines) {
    const target = { node, host, port: 22, username, hostKey, privateKey };
    const used = await asWorker(target, (session) =>
      session.exec('grep -qv \'"c-1"\' /var/lib/plinth/owner || test -e /etc/kubernetes/manifests'),
    );
    if (used.code !== 0) return target;
  }
  throw new Error('every machine of the lab is in use');
}

export async function labMachine(): Promise<RunnerMachine> {
  const target = await labTarget();
  return {
    target,
    cut: () => void resetConnections(target.node),
    close: () => Promise.resolve(),
  };
}
