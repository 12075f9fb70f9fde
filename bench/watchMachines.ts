import { startWatchedMachine, type WatchedCluster } from '../test/ssh/watchedMachine.js';

/*
 * The machines of bench watch, in a process of their own so that their work is not the watcher's: one ssh2 server for each
 * cluster, its control plane, that answers looks from memory.
 */

/** What the bench asks for. */
export type MachineOrder =
  | { kind: 'start'; clusters: number }
  /** The API server of these clusters says that their worker is silent. */
  | { kind: 'silentWorkers'; of: number[] }
  /** These control planes lose their power. */
  | { kind: 'noPower'; of: number[] };

export interface Started {
  ports: number[];
  privateKey: string;
}

const clusters: WatchedCluster[] = [];
const machines: Awaited<ReturnType<typeof startWatchedMachine>>[] = [];

process.on('message', (order: MachineOrder) => {
  switch (order.kind) {
    case 'start':
      void start(order.clusters);
      return;
    case 'silentWorkers':
      for (const index of order.of) {
        const cluster = clusters[index];
        if (cluster) cluster.nodes['node-2'] = { ready: 'Unknown', message: 'silent' };
      }
      return;
    case 'noPower':
      for (const index of order.of) machines[index]?.freeze();
  }
});

async function start(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const cluster: WatchedCluster = {
      clusterId: 'any',
      nodes: { 'node-1': { ready: 'True' }, 'node-2': { ready: 'True' } },
      etcd: { 'node-1': true },
    };
    clusters.push(cluster);
    machines.push(await startWatchedMachine(cluster));
  }
  const started: Started = {
    ports: machines.map(({ port }) => port),
    privateKey: machines[0]?.target.privateKey ?? '',
  };
  process.send?.(started);
}
