import { readFile } from 'node:fs/promises';

import { parse } from 'yaml';

import type { Cluster } from '../core/cluster.js';
import type { Lab } from '../lab/lab.js';

const EXAMPLE = new URL('../examples/lab.yaml', import.meta.url);

/** The example of the lab's three machines, with the addresses and host keys that they have now. */
export async function benchCluster(lab: Lab, names: readonly string[]): Promise<Cluster> {
  const example = parse(await readFile(EXAMPLE, 'utf8')) as Cluster;
  const { config } = example.spec;
  const nodes = config.nodes.flatMap((node) => {
    const machine = lab.machines.find(({ name }) => name === node.hostname);
    if (machine === undefined || !names.includes(machine.name)) return [];
    const { ip, user, hostKey } = machine;
    const ssh = { ...node.ssh, ipAddress: ip, username: user, hostKey };
    return [{ ...node, privateIP: ip, ssh }];
  });
  if (nodes.length !== names.length) throw new Error(`the example lacks one of ${names.join(' ')}`);
  return {
    ...example,
    metadata: { ...example.metadata, name: 'bench' },
    spec: { ...example.spec, config: { ...config, nodes } },
  };
}
