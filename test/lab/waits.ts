import { execOn } from '../../lab/lab.js';
import type { Kubectl } from './kubectl.js';

/**
 * What the kubelet of a control plane says of itself since then, in ms, when its API server let it wait for the etcd that it
 * was about to start (kubernetes/kubernetes#139502).
 */
export async function waitsForItself(machine: string, since: number): Promise<string[]> {
  const seconds = String(Math.floor(since / 1000));
  const { stdout } = await execOn(
    machine,
    `journalctl --no-pager -o cat -u kubelet -S @${seconds}`,
  );
  const lines = stdout.split('\n');
  // A kubelet that was upgraded has said something: what says nothing was not asked.
  if (lines.length < 10) throw new Error(`no journal of the kubelet on ${machine}: ${stdout}`);
  return lines.filter(
    (line) =>
      line.includes('Failed deleting a mirror pod') && line.includes('did not complete within'),
  );
}

/** Nodes that the cluster itself has given up since then, in ms: it had not heard from their kubelets for too long. */
export async function givenUp(kubectl: Kubectl, since: number): Promise<string[]> {
  const columns = 'custom-columns=:.source.component,:.lastTimestamp,:.involvedObject.name';
  const text = await kubectl([
    ...['get', 'events', '-n', 'default', '--no-headers', '-o', columns],
    ...['--field-selector', 'reason=NodeNotReady'],
  ]);
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([by, at = '']) => by === 'node-controller' && Date.parse(at) >= since)
    .map(([, , node = '']) => node);
}
