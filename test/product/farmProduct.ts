import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Cluster } from '../../core/cluster.js';
import { freePort } from '../../embedded/freePort.js';
import { fixtureCluster } from '../fixtures/cluster.js';
import { testKey } from '../ssh/keys.js';
import { farmMachine } from '../ssh/machineFarm.js';

const HOST = '127.0.0.1';

/** What plinth is started with for a farm's machines: a free port, everything below `data`, a key that they all take. */
export async function farmEnvironment(data: string, artifacts: string): Promise<NodeJS.ProcessEnv> {
  const keys = join(data, 'ssh-keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await writeFile(join(keys, 'id_ed25519'), testKey().privateKey, { mode: 0o600 });
  const { TEMPORAL_ADDRESS: _t, MONGODB_URI: _m, PLINTH_KEYS: _k, ...inherited } = process.env;
  return {
    ...inherited,
    PLINTH_HOST: HOST,
    PLINTH_PORT: String(await freePort(HOST)),
    PLINTH_DATA: data,
    PLINTH_ARTIFACTS: artifacts,
  };
}

/** One control plane, the others workers, each at a port of its own. */
export function farmCluster(name: string, ports: readonly number[]): Cluster {
  const cluster = fixtureCluster(0);
  cluster.metadata = { name, project: 'defaultproject' };
  cluster.spec.config.nodes = ports.map((port, index) => ({
    ...farmMachine(index + 1),
    ...{ operatingSystem: 'Debian12', arch: 'amd64' as const },
    roles: index === 0 ? ['ControlPlane', 'Worker'] : ['Worker'],
    ssh: { ipAddress: HOST, username: 'root', port: String(port), privateKeyPath: 'id_ed25519' },
  }));
  return cluster;
}
