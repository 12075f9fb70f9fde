import type { Db } from 'mongodb';

import type { ClusterConfig, NodeSpec } from '../core/cluster.js';
import type { ClusterRecord } from '../core/records.js';
import { leftOut, withRegistrations, type Registration } from '../core/registration.js';
import { sshEndpoint } from '../core/sshEndpoint.js';
import { clusterRecord } from './clusterDocument.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import type { NodeDocument } from './nodeDocument.js';
import type { ClusterStore } from './clusterStore.js';

/**
 * Endpoints that a cluster ever named. A document of its own, because an index over a thousand of them would
 * be paid for on every small write to the cluster's. Written before the cluster is, and checked against it
 * when read: it may name too much, never too little.
 */
interface MachinesDocument {
  _id: string;
  endpoints: string[];
}

type Holder = Awaited<ReturnType<ClusterStore['findByAddress']>>[number];

export async function ensureMachineIndexes(db: Db): Promise<void> {
  await db.collection(CollectionName.machines).createIndex({ endpoints: 1 });
}

export async function noteMachines(
  db: Db,
  clusterId: string,
  { desired }: Pick<ClusterRecord, 'desired'>,
): Promise<void> {
  const { config } = desired.spec;
  const located = config.nodes.filter(hasAddress);
  await noteEndpoints(
    db,
    clusterId,
    located.map((node) => sshEndpoint(config, node)),
  );
}

export async function noteEndpoints(
  db: Db,
  clusterId: string,
  endpoints: readonly string[],
): Promise<void> {
  const machines = db.collection<MachinesDocument>(CollectionName.machines);
  const known = new Set((await machines.findOne({ _id: clusterId }))?.endpoints);
  const added = endpoints.filter((endpoint) => !known.has(endpoint));
  if (added.length === 0) return;
  // Twice the same does no harm, and a set of a thousand built by the server costs seconds.
  const update = { $push: { endpoints: { $each: added } } };
  await machines.updateOne({ _id: clusterId }, update, { upsert: true });
}

export async function forgetMachines(db: Db, clusterId: string): Promise<void> {
  await db.collection<MachinesDocument>(CollectionName.machines).deleteOne({ _id: clusterId });
}

export async function findByAddress(
  db: Db,
  endpoints: readonly string[],
  except: { project: string; name: string },
): Promise<Holder[]> {
  const hints = await db
    .collection<MachinesDocument>(CollectionName.machines)
    .find({ endpoints: { $in: [...endpoints] } }, { projection: { _id: 1 } })
    .toArray();
  const wanted = new Set(endpoints);
  const holders: Holder[] = [];
  for (const { _id } of hints) {
    const document = await db.collection<ClusterDocument>(CollectionName.clusters).findOne({ _id });
    if (document === null) continue;
    const { project, name } = document;
    if (project === except.project && name === except.name) continue;
    for (const [endpoint, hostname] of await machinesOf(db, clusterRecord(document))) {
      if (wanted.has(endpoint)) holders.push({ project, name, hostname, endpoint });
    }
  }
  return holders;
}

/** Hostname by endpoint: what the spec names, and what was claimed under an earlier one. */
async function machinesOf(db: Db, record: ClusterRecord): Promise<Map<string, string>> {
  const desired = record.desired.spec.config;
  const claimed = await db
    .collection<NodeDocument>(CollectionName.nodes)
    .find({ clusterId: record.id, claimed: true }, { projection: { spec: 1 } })
    .toArray();
  const machines = new Map<string, string>();
  const add = (config: ClusterConfig, node: NodeSpec): void => {
    machines.set(sshEndpoint(config, node), node.hostname);
  };
  for (const { spec } of claimed) {
    const node = JSON.parse(spec) as NodeSpec;
    // Which cluster-wide ssh settings it was claimed under is not known: those applied, or those on their way.
    for (const config of [record.applied.spec?.config, desired]) if (config) add(config, node);
  }
  const registered = await db
    .collection<Registration & { clusterId: string }>(CollectionName.registrations)
    .find({ clusterId: record.id })
    .toArray();
  const located = withRegistrations(record.desired.spec, registered).config.nodes;
  for (const node of located.filter(hasAddress)) add(desired, node);
  return machines;
}

/** A node that comes by the installer command may have none before it registers. */
function hasAddress(node: NodeSpec): boolean {
  return node.ssh?.ipAddress !== undefined || !leftOut(node).includes('privateIP');
}
