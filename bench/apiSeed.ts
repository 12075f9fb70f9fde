import { readFile } from 'node:fs/promises';

import type { Db } from 'mongodb';
import { parse } from 'yaml';

import type { Cluster } from '../core/cluster.js';
import type { Desired } from '../core/specHash.js';
import { OperationName, OperationStatus, ProvisionStatus, TasksetStatus } from '../core/words.js';
import type { Store } from '../store/types.js';

const EXAMPLE = new URL('../examples/lab.yaml', import.meta.url);
const TEMPLATE = 'template';
const BATCH = 500;

export const BENCH_PROJECT = 'bench';

/**
 * So many clusters of three READY nodes and two ended tasksets each; gives their names. One is written by the
 * store itself, the others are copies of its documents under ids and names of their own.
 */
export async function seedClusters(store: Store, db: Db, count: number): Promise<string[]> {
  await store.projects.create({ name: BENCH_PROJECT });
  const id = await makeTemplate(store);
  const cluster = await db.collection('clusters').findOne({ name: TEMPLATE });
  const newest = cluster?.['newestTaskset'] as { id: string; sequence: number };
  const children = await Promise.all(
    ['nodes', 'tasksets'].map(
      async (name) => [name, await db.collection(name).find({ clusterId: id }).toArray()] as const,
    ),
  );
  const names = Array.from({ length: count }, (_, index) => `c${String(index).padStart(5, '0')}`);
  for (let from = 0; from < count; from += BATCH) {
    const some = names.slice(from, from + BATCH);
    await insert(
      db,
      'clusters',
      some.map((name) => ({
        ...cluster,
        ...{ _id: `${name}x`, name, waiting: false },
        newestTaskset: { ...newest, id: `${name}-${newest.id}` },
        desired: String(cluster?.desired).replaceAll(TEMPLATE, name),
      })),
    );
    for (const [collection, documents] of children) {
      const copies = some.flatMap((name) =>
        documents.map((document) => ({
          ...document,
          ...{ _id: `${name}-${String(document._id)}`, clusterId: `${name}x` },
        })),
      );
      await insert(db, collection, copies);
    }
  }
  await store.clusters.remove(id);
  return names;
}

async function insert(db: Db, collection: string, documents: readonly object[]): Promise<void> {
  await db.collection(collection).insertMany(documents);
}

/** The example of the lab, under another name. */
export async function benchCluster(name: string): Promise<Desired> {
  const { apiVersion, kind, metadata, spec } = parse(await readFile(EXAMPLE, 'utf8')) as Cluster;
  return { apiVersion, kind, metadata: { ...metadata, name, project: BENCH_PROJECT }, spec };
}

async function makeTemplate(store: Store): Promise<string> {
  const desired = await benchCluster(TEMPLATE);
  const { spec } = desired;
  const input = { project: BENCH_PROJECT, name: TEMPLATE, secretsHash: '', desired };
  const { record } = await store.clusters.apply(input);
  const hostnames = spec.config.nodes.map((node) => node.hostname);
  for (const node of spec.config.nodes) {
    await store.nodes.upsert(record.id, node.hostname, {
      ...{ spec: node, status: 'READY', claimed: true, joined: true },
    });
  }
  for (const name of [OperationName.ClusterCreation, OperationName.BlueprintSync]) {
    const operation = {
      ...{ name, resourceName: TEMPLATE, status: OperationStatus.Success },
      ...{ nodes: hostnames, workflowId: 'w' },
    };
    const { id } = await store.tasksets.begin({
      ...{ id: name, clusterId: record.id, generation: 1, status: TasksetStatus.InProgress },
      ...{ comments: 'Configuration is being applied to the cluster', operations: [operation] },
      plan: [],
    });
    await store.tasksets.end(id, TasksetStatus.Complete, 'Configuration is applied to the cluster');
  }
  await store.clusters.setProvisionStatus(record.id, ProvisionStatus.Complete);
  const done = { conditionStatus: 2, reason: 'Configuration is applied to the cluster' } as const;
  await store.clusters.setCommonStatus(record.id, { ...done, sequence: 2, generation: 1 });
  return record.id;
}
