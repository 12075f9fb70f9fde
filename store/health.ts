import { createHash } from 'node:crypto';

import type { Collection, Db } from 'mongodb';

import { byHostname } from '../core/byHostname.js';
import type {
  ClusterHealth,
  EtcdMember,
  LookFailure,
  MachineObservation,
  NodeHealth,
  NodeObservation,
} from '../core/health.js';
import { applyJudgement } from './applyJudgement.js';
import type { ClusterDocument } from './clusterDocument.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { SHARDS } from './leases.js';
import { nodeId } from './nodeDocument.js';
import { watchSubjects } from './watchSubject.js';
import type { DueCluster, HealthStore, LookOrder, RecordedLook } from './watchTypes.js';

/** The small part, which changes with every look: what lists of nodes hold lies beside it, and changes seldom. */
interface HealthDocument {
  _id: string;
  clusterId: string;
  shard: number;
  leaseGeneration: number;
  sequence: number;
  nextLookAt: string;
  /** Empty: at once. */
  machinesDueAt: string;
  failures: number;
  suspects: string[];
  lookedAt?: string;
  seenAt?: string;
  through?: string;
  etcd?: EtcdMember[];
  lookFailures: LookFailure[];
  /** Of the nodes as they were kept last: the same again are not written. */
  digest?: string;
}

interface NodeHealthDocument {
  /** `clusterId/hostname`. */
  _id: string;
  clusterId: string;
  hostname: string;
  /** Of the look that wrote it last. */
  sequence: number;
  /** JSON. */
  node?: string;
  machine?: string;
  machineAt?: string;
}

/** The same cluster is always of the same shard. */
export function shardOf(clusterId: string): number {
  return createHash('sha256').update(clusterId).digest().readUInt32BE(0) % SHARDS;
}

export async function openHealth(db: Db): Promise<HealthStore> {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const health = db.collection<HealthDocument>(CollectionName.health);
  const nodes = db.collection<NodeHealthDocument>(CollectionName.nodeHealth);
  await health.createIndex({ shard: 1, nextLookAt: 1 });
  await nodes.createIndex({ clusterId: 1, hostname: 1 });
  await clusters.createIndex({ 'applied.initialised': 1, watched: 1 });
  const subjects = watchSubjects(db);
  return {
    adopt: (limit) => adopt(db, limit),
    async fence(shard, generation) {
      await health.updateMany(
        { shard, leaseGeneration: { $lt: generation } },
        { $set: { leaseGeneration: generation } },
      );
    },
    async due(shards, now, limit) {
      const found = await health
        .find({ shard: { $in: [...shards] }, nextLookAt: { $lte: now.toISOString() } })
        .sort({ nextLookAt: 1 })
        .limit(limit)
        .project<Omit<HealthDocument, '_id'>>({
          ...{ _id: 0, clusterId: 1, shard: 1, sequence: 1, failures: 1, suspects: 1 },
          ...{ machinesDueAt: 1, through: 1 },
        })
        .toArray();
      return found.map(
        ({
          clusterId,
          shard,
          sequence,
          failures,
          suspects,
          machinesDueAt,
          through,
        }): DueCluster => ({
          ...{ clusterId, shard, sequence, failures, suspects, machinesDueAt },
          ...(through === undefined ? {} : { through }),
        }),
      );
    },
    subject: (clusterId) => subjects.get(clusterId),
    async record(order, recorded) {
      const sequence = order.after + 1;
      const { look, machines } = recorded;
      const before = await health.findOneAndUpdate(mayRecord(order), {
        $set: { ...summary(recorded), leaseGeneration: order.leaseGeneration, sequence },
        ...(look.nodes !== undefined && look.etcd === undefined ? { $unset: { etcd: true } } : {}),
      });
      if (before === null) return undefined;
      const digest = digestOf(recorded);
      const changed = look.nodes !== undefined && before.digest !== digest;
      if (machines.length > 0 || changed) {
        await keepNodes(nodes, { ...order, sequence }, recorded);
        // Afterwards: a process that dies in between leaves it to the next look.
        if (changed)
          await health.updateOne({ _id: order.clusterId, sequence }, { $set: { digest } });
      }
      return sequence;
    },
    async postpone(order, nextLookAt) {
      await health.updateOne(mayRecord(order), { $set: { nextLookAt } });
    },
    judge: (of, judgement) => applyJudgement(db, subjects, of, judgement),
    async machinesAskedAt(clusterId) {
      const found = await nodes
        .find({ clusterId }, { projection: { _id: 0, hostname: 1, machineAt: 1 } })
        .toArray();
      return new Map(
        found.flatMap(({ hostname, machineAt }) =>
          machineAt === undefined ? [] : [[hostname, machineAt]],
        ),
      );
    },
    async get(clusterId) {
      const found = await health.findOne({ _id: clusterId });
      return found === null ? undefined : clusterHealth(found);
    },
    async nodes(clusterId) {
      const found = await nodes.find({ clusterId }).toArray();
      return found.toSorted(byHostname).map(nodeHealth);
    },
    async refresh(clusterId) {
      await nodes.updateMany({ clusterId }, { $unset: { machineAt: true } });
      // A look that is under way has seen what was before: it is not recorded any more.
      await health.updateOne(
        { _id: clusterId },
        {
          $set: { nextLookAt: new Date().toISOString(), machinesDueAt: '' },
          $inc: { sequence: 1 },
        },
      );
    },
  };
}

/** Nobody has recorded a look since, and no later owner has the shard. */
function mayRecord({ clusterId, leaseGeneration, after }: LookOrder) {
  return { _id: clusterId, leaseGeneration: { $lte: leaseGeneration }, sequence: after };
}

function summary(recorded: RecordedLook): Partial<HealthDocument> {
  const { look, failures, suspects, nextLookAt, machinesDueAt } = recorded;
  const { at, through, etcd } = look;
  return {
    ...{ failures, suspects, nextLookAt, machinesDueAt, lookedAt: at },
    lookFailures: look.failures,
    ...(look.nodes === undefined ? {} : { seenAt: at }),
    ...(through === undefined ? {} : { through }),
    ...(etcd === undefined ? {} : { etcd }),
  };
}

async function adopt(db: Db, limit: number): Promise<number> {
  const clusters = db.collection<ClusterDocument>(CollectionName.clusters);
  const health = db.collection<HealthDocument>(CollectionName.health);
  const found = await clusters
    // Older API processes write false; what says nothing is not watched either.
    .find({ 'applied.initialised': true, watched: { $ne: true } }, { projection: { _id: 1 } })
    .limit(limit)
    .toArray();
  for (const { _id } of found) {
    const document: HealthDocument = {
      ...{ _id, clusterId: _id, shard: shardOf(_id), leaseGeneration: 0, sequence: 0 },
      ...{ nextLookAt: new Date().toISOString(), machinesDueAt: '' },
      ...{ failures: 0, suspects: [], lookFailures: [] },
    };
    try {
      await health.insertOne(document);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    if (!(await clusterLives(db, _id))) await health.deleteOne({ _id });
    await clusters.updateOne({ _id }, { $set: { watched: true } });
  }
  return found.length;
}

/** Only what has changed: a cluster of a thousand nodes that are well costs what one of three does. */
async function keepNodes(
  nodes: Collection<NodeHealthDocument>,
  { clusterId, sequence }: { clusterId: string; sequence: number },
  { look, machines, hostnames }: RecordedLook,
): Promise<void> {
  const asked = new Map(machines.map((one) => [one.hostname, one]));
  const listed = new Map((look.nodes ?? []).map((node) => [node.hostname, node]));
  const known = new Map(
    (await nodes.find({ clusterId }).toArray()).map((one) => [one.hostname, one]),
  );
  const wanted = new Set(hostnames);
  // A look that saw nothing says of nobody that they are gone.
  const forgotten = look.nodes === undefined ? [] : known.keys();
  for (const hostname of forgotten) {
    if (!wanted.has(hostname)) await nodes.deleteOne({ _id: nodeId(clusterId, hostname) });
  }
  for (const hostname of wanted) {
    const node = look.nodes === undefined ? undefined : JSON.stringify(listed.get(hostname));
    const { machine } = asked.get(hostname) ?? {};
    const before = known.get(hostname);
    const gone = look.nodes !== undefined && node === undefined && before?.node !== undefined;
    const nothing = !asked.has(hostname) && !gone;
    if (nothing && (node === undefined || node === before?.node)) continue;
    const set = {
      ...{ clusterId, hostname, sequence },
      ...(node === undefined ? {} : { node }),
      ...(asked.has(hostname) ? { machineAt: look.at } : {}),
      ...(machine === undefined ? {} : { machine: JSON.stringify(machine) }),
    };
    try {
      await nodes.updateOne(
        { _id: nodeId(clusterId, hostname), sequence: { $lt: sequence } },
        { $set: set, ...(gone ? { $unset: { node: true as const } } : {}) },
        { upsert: true },
      );
    } catch (error) {
      // A later look has written it already.
      if (!isDuplicate(error)) throw error;
    }
  }
}

function clusterHealth(document: HealthDocument): ClusterHealth | undefined {
  const { clusterId, sequence, lookedAt, seenAt, through, etcd } = document;
  if (lookedAt === undefined) return undefined;
  return {
    ...{ clusterId, sequence, lookedAt, failures: document.lookFailures },
    ...(seenAt === undefined ? {} : { seenAt }),
    ...(through === undefined ? {} : { through }),
    ...(etcd === undefined ? {} : { etcd }),
  };
}

function nodeHealth({ hostname, node, machine }: NodeHealthDocument): NodeHealth {
  return {
    hostname,
    ...(node === undefined ? {} : { node: JSON.parse(node) as NodeObservation }),
    ...(machine === undefined ? {} : { machine: JSON.parse(machine) as MachineObservation }),
  };
}

function digestOf({ look, hostnames }: RecordedLook): string {
  const text = JSON.stringify([look.nodes, hostnames]);
  return createHash('sha256').update(text).digest('base64url');
}
