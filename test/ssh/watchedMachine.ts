import { finish, startSshServer, type SshServer } from './sshServer.js';

/** What looks find. The test changes it as it goes. */
export interface WatchedCluster {
  /** Nodes that the API server lists, and why one is not Ready. */
  nodes: Record<string, { ready: 'True' | 'False' | 'Unknown'; message?: string }>;
  /** Members of etcd, and whether they answer. */
  etcd?: Record<string, boolean>;
  /** Why no API server answers. */
  apiProblem?: string;
  /** Of every machine's certificates. */
  certificatesExpireAt?: string;
  clusterId: string;
}

export interface WatchedMachine extends SshServer {
  /** The looks so far: `cluster`, `machine` or both. */
  looks: string[];
  /** A look is answered only once this resolves. */
  wait?: Promise<void>;
}

/** A machine that answers looks with what the test says of its cluster, and nothing else. */
export async function startWatchedMachine(cluster: WatchedCluster): Promise<WatchedMachine> {
  const looks: string[] = [];
  const server = await startSshServer({
    authorize: ({ method }) => method === 'publickey',
    onExec(command, channel) {
      const parts = /bash -s ((?:cluster|machine)(?: machine)?)/.exec(command)?.[1];
      channel.resume();
      if (parts === undefined) {
        finish(channel, 127);
        return;
      }
      looks.push(parts);
      // What is seen is of the moment at which it was asked for.
      const rows = parts.split(' ').flatMap(rowsOf(cluster));
      const answer = async (): Promise<void> => {
        await machine.wait;
        channel.write(rows.join('\n'));
        finish(channel, 0);
      };
      void answer();
    },
  });
  const machine: WatchedMachine = Object.assign(server, { looks });
  return machine;
}

function rowsOf(cluster: WatchedCluster): (part: string) => string[] {
  return (part) => (part === 'cluster' ? clusterRows(cluster) : machineRows(cluster));
}

function clusterRows({ nodes, etcd = {}, apiProblem }: WatchedCluster): string[] {
  if (apiProblem !== undefined) return [`api\tsilent\t${apiProblem}`];
  const rows = Object.entries(nodes).map(([name, { ready, message = '' }]) =>
    ['node', name, 'v1.34.4', '', '', 'Ready ', ready, '2026-11-26T05:00:00Z', '', message].join(
      '\t',
    ),
  );
  const members = Object.entries(etcd).map(
    ([name, healthy]) => `etcd\t${name}\tvoter\t${healthy ? 'healthy' : 'silent'}`,
  );
  return [...rows, 'api\tanswers', ...members, 'etcd-told'];
}

function machineRows({ clusterId, certificatesExpireAt }: WatchedCluster): string[] {
  return [
    `owner\t{"clusterId":"${clusterId}"}`,
    ...(certificatesExpireAt === undefined
      ? []
      : [`certificate\tapiserver\t${certificatesExpireAt}`]),
    'disk\t/\t40\t9000',
    `clock\t${String(Math.floor(Date.now() / 1000))}`,
    'machine-told',
  ];
}
