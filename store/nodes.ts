import type { Collection, Db, UpdateFilter } from 'mongodb';

import { byHostname } from '../core/byHostname.js';
import { isControlPlane } from '../core/plan.js';
import type { NodeRecord } from '../core/records.js';
import { NodeStatus } from '../core/words.js';
import { batched } from './batched.js';
import { clusterLives } from './clusterLives.js';
import { CollectionName } from './collections.js';
import { nodeId, nodeRecord } from './nodeDocument.js';
import type { NodeDocument } from './nodeDocument.js';
import { sequencesOf } from './tasksetDocument.js';
import { timestamp } from './timestamps.js';
import type { NodeStore } from './nodeStore.js';

/** Attempts of one step in one taskset stay far below it. */
const ATTEMPTS = 1_000_000;

export async function openNodes(db: Db): Promise<NodeStore> {
  const nodes = db.collection<NodeDocument>(CollectionName.nodes);
  await nodes.createIndex({ clusterId: 1, hostname: 1 }, { unique: true }, undefined);
  await nodes.createIndex({ clusterId: 1, controlPlane: 1 });
  const sequenceOf = sequencesOf(db);
  const statuses = fieldByCluster(nodes, 'status');
  const steps = fieldByCluster(nodes, 'steps');
  return {
    async list(clusterId, hostnames) {
      const of =
        hostnames === undefined
          ? { clusterId }
          : { _id: { $in: hostnames.map((hostname) => nodeId(clusterId, hostname)) } };
      const found = await nodes.find(of).toArray();
      return found.toSorted(byHostname).map(nodeRecord);
    },
    async controlPlanes(clusterId) {
      // null: it was stored before that was kept, and may be one.
      const found = await nodes.find({ clusterId, controlPlane: { $in: [true, null] } }).toArray();
      return found
        .toSorted(byHostname)
        .map(nodeRecord)
        .filter(({ spec }) => isControlPlane(spec));
    },
    async statuses(clusterId) {
      return (await statuses(clusterId)) ?? [];
    },
    async steps(clusterId) {
      return (await steps(clusterId)) ?? [];
    },
    async get(clusterId, hostname) {
      const found = await nodes.findOne({ _id: nodeId(clusterId, hostname) });
      return found === null ? undefined : nodeRecord(found);
    },
    async upsert(clusterId, hostname, set) {
      const _id = nodeId(clusterId, hostname);
      const update = nodeUpdate(set);
      // Without a spec it is no node: a late write must not bring one back that was removed.
      if (set.spec === undefined) {
        await nodes.updateOne({ _id }, update);
        return;
      }
      const defaults = { status: NodeStatus.Pending, claimed: false, joined: false };
      const missing = Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in set)));
      const { upsertedCount } = await nodes.updateOne(
        { _id },
        { ...update, $setOnInsert: { clusterId, hostname, steps: {}, ...missing } },
        { upsert: true },
      );
      if (upsertedCount > 0 && !(await clusterLives(db, clusterId))) await nodes.deleteOne({ _id });
    },
    async setStatus(clusterId, hostname, status) {
      await nodes.updateOne({ _id: nodeId(clusterId, hostname) }, nodeUpdate({ status }));
    },
    async setStep(clusterId, hostname, step, record) {
      const sequence = await sequenceOf(clusterId, record.tasksetId);
      if (sequence === undefined) return;
      // What an attempt came to stands above all that is said late of how it went.
      const order = sequence * ATTEMPTS + record.attempt + (record.spent === true ? 0.5 : 0);
      const field = `stepOrder.${step}`;
      await nodes.updateOne(
        {
          _id: nodeId(clusterId, hostname),
          $or: [{ [field]: { $exists: false } }, { [field]: { $lte: order } }],
        },
        { $set: { [`steps.${step}`]: record, [field]: order, modifiedAt: timestamp() } },
      );
    },
    async remove(clusterId, hostname) {
      await nodes.deleteOne({ _id: nodeId(clusterId, hostname) });
    },
    async removeOrphan(clusterId, hostname) {
      const _id = nodeId(clusterId, hostname);
      const { deletedCount } = await nodes.deleteOne({ _id, orphaned: { $exists: true } });
      return deletedCount > 0;
    },
  };
}

/** One field of a cluster's nodes, by hostname; clusters that are asked for at once share a read. */
function fieldByCluster<F extends 'status' | 'steps'>(nodes: Collection<NodeDocument>, field: F) {
  type Node = Pick<NodeRecord, 'hostname' | F>;
  return batched(async (clusterIds) => {
    const found = await nodes
      .find({ clusterId: { $in: clusterIds } })
      .project<Node & { clusterId: string }>({ _id: 0, clusterId: 1, hostname: 1, [field]: 1 })
      .toArray();
    const byCluster = new Map<string, Node[]>();
    for (const { clusterId, hostname, [field]: value } of found) {
      const known = byCluster.get(clusterId) ?? [];
      known.push({ hostname, [field]: value } as Node);
      byCluster.set(clusterId, known);
    }
    // Here and not there: sorting them is a third of the embedded database's work on the query.
    for (const each of byCluster.values()) each.sort(byHostname);
    return byCluster;
  });
}

function nodeUpdate(set: Parameters<NodeStore['upsert']>[2]): UpdateFilter<NodeDocument> {
  const { spec, facts, ...plain } = set;
  const healed = set.status === NodeStatus.Ready && set.lastError === undefined;
  return {
    $set: {
      modifiedAt: timestamp(),
      ...plain,
      ...(spec === undefined
        ? {}
        : { spec: JSON.stringify(spec), controlPlane: isControlPlane(spec) }),
      ...(facts === undefined ? {} : { facts: JSON.stringify(facts) }),
    },
    ...(healed ? { $unset: { lastError: true } } : {}),
  };
}
