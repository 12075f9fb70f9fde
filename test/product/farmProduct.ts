import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Cluster } from '../../core/cluster.js';
import { freePort } from '../../embedded/freePort.js';
import { fixtureCluster } from '../fixtures/cluster.js';
import { testKey } from '../ssh/keys.js';
import { farmMachine } from '../ssh/machineFarm.js';

const HOST = '127.0.0.1';

/** The worker renders Calico and the metrics server from what this mirror has; machines of a farm fetch nothing. Gives its address. */
export async function serveManifests(ends: (() => Promise<unknown>)[]): Promise<string> {
  const read = (name: string): Promise<Buffer> =>
    readFile(new URL(`../fixtures/manifests/${name}`, import.meta.url));
  const [calico, metrics] = [await read('calico-vxlan.yaml'), await read('metrics-server.yaml')];
  const server = createServer((request, response) => {
    response.end(request.url?.includes('calico') === true ? calico : metrics);
  });
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  ends.push(() => new Promise((closed) => server.close(closed)));
  return `http://${HOST}:${String((server.address() as AddressInfo).port)}`;
}

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
