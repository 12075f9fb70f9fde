import { pinnedVersion } from '../core/blueprints.js';
import type { ClusterRecord } from '../core/records.js';
import {
  ClusterRolloutState,
  nextOfRollout,
  RolloutState,
  type Rollout,
  type RolloutCluster,
} from '../core/rollout.js';
import { CommonConditionStatus, OperationName } from '../core/words.js';
import type { ActivityDeps } from './deps.js';
import type { ClusterRef, Work } from './refs.js';

/** A cluster that has not acted by then counts as failed: it may be waiting for a machine. */
const LONGEST_MS = 2 * 60 * 60 * 1000;

/** What the rollout's workflow has to do next. */
export interface RolloutTurn {
  version: string;
  /** Clusters that were asked just now: their workflows are to be told. */
  asked: string[];
  ended: boolean;
}

/** Begins a rollout of the newest version anew; undefined when the blueprint is gone. */
export async function beginRollout(
  { store }: ActivityDeps,
  { project, name }: ClusterRef,
): Promise<{ version: string } | undefined> {
  const version = await store.blueprints.version(project, name);
  if (version === undefined) return undefined;
  const followers = await store.blueprints.followers(project, name);
  await store.blueprints.putRollout({
    ...{ project, name, version: version.version, sequence: version.sequence },
    state: RolloutState.Running,
    clusters: followers.map((cluster) => ({ ...cluster, state: ClusterRolloutState.Waiting })),
    startedAt: new Date().toISOString(),
  });
  return { version: version.version };
}

/** Looks at those that were asked, asks the next ones, and ends the rollout when there is none left. */
export async function advanceRollout(
  deps: ActivityDeps,
  { project, name }: ClusterRef,
): Promise<RolloutTurn> {
  const { store } = deps;
  const [rollout, head] = await Promise.all([
    store.blueprints.rollout(project, name),
    store.blueprints.get(project, name),
  ]);
  if (rollout === undefined || head === undefined) return { version: '', asked: [], ended: true };
  const clusters = await Promise.all(
    rollout.clusters.map(async (cluster) =>
      cluster.state === ClusterRolloutState.Asked ? outcomeOf(deps, rollout, cluster) : cluster,
    ),
  );
  const asked: string[] = [];
  // One that needs nothing makes room for the next at once.
  for (;;) {
    const { ask, end } = nextOfRollout(clusters, head.rollout ?? {});
    if (end !== undefined) {
      const endedAt = new Date().toISOString();
      await store.blueprints.endRollout({ ...rollout, clusters, state: end, endedAt });
      return { version: rollout.version, asked, ended: true };
    }
    if (ask.length === 0) break;
    for (const id of ask) {
      const index = clusters.findIndex((cluster) => cluster.id === id);
      const cluster = clusters[index];
      if (cluster === undefined) continue;
      const next = await askCluster(deps, rollout, cluster);
      clusters[index] = next;
      if (next.state === ClusterRolloutState.Asked) asked.push(next.name);
    }
  }
  if (clusters.some((cluster, index) => cluster !== rollout.clusters[index])) {
    await store.blueprints.putRollout({ ...rollout, clusters });
  }
  return { version: rollout.version, asked, ended: false };
}

async function askCluster(
  { store }: ActivityDeps,
  rollout: Rollout,
  cluster: RolloutCluster,
): Promise<RolloutCluster> {
  const record = await store.clusters.getById(cluster.id);
  const skip = skipReason(record, rollout);
  if (record === undefined || skip !== undefined) {
    return { ...cluster, state: ClusterRolloutState.Skipped, reason: skip ?? 'it is gone' };
  }
  if (hasIt(record, rollout)) return { ...cluster, state: ClusterRolloutState.Updated };
  const reason = `version ${rollout.version} of blueprint ${rollout.name} is rolled out`;
  const asked = await store.clusters.requestWork(record.project, record.name, { reason });
  if (asked?.id !== cluster.id) {
    return { ...cluster, state: ClusterRolloutState.Skipped, reason: 'it is gone' };
  }
  const askedAt = new Date().toISOString();
  return { ...cluster, state: ClusterRolloutState.Asked, retries: asked.retries, askedAt };
}

/**
 * A rollout leaves out what is not provisioned yet. Where a version came after a creation was planned, the cluster is asked
 * for it once that has ended. By then it counts as provisioned: a rollout that begins later asks it itself.
 */
export async function askForMissedVersion({ store }: ActivityDeps, work: Work): Promise<void> {
  const creation = work.operations.find(({ name }) => name === OperationName.ClusterCreation);
  if (creation === undefined || work.deleting) return;
  const { blueprint } = creation;
  if (blueprint === undefined) return;
  const record = await store.clusters.getById(work.clusterId);
  if (record === undefined || !record.applied.created) return;
  // What is asked for already gives it the newest, too.
  if (record.generation !== work.generation || record.retries !== work.retries) return;
  if (pinnedVersion(record.desired.spec.blueprint) !== undefined) return;
  const newest = await store.blueprints.version(record.project, blueprint.name);
  if (newest === undefined || newest.version === blueprint.version) return;
  const reason = `version ${newest.version} of blueprint ${blueprint.name} came while the cluster was provisioned`;
  await store.clusters.requestWork(record.project, record.name, { reason });
}

async function outcomeOf(
  { store }: ActivityDeps,
  rollout: Rollout,
  cluster: RolloutCluster,
): Promise<RolloutCluster> {
  const record = await store.clusters.getById(cluster.id);
  const skip = skipReason(record, rollout);
  if (record === undefined || skip !== undefined) {
    return { ...cluster, state: ClusterRolloutState.Skipped, reason: skip ?? 'it is gone' };
  }
  if (record.observed.retries < (cluster.retries ?? 0)) {
    if (Date.now() - Date.parse(cluster.askedAt ?? '') < LONGEST_MS) return cluster;
    const reason = `it has not acted within two hours: ${record.commonStatus.reason}`;
    return { ...cluster, state: ClusterRolloutState.Failed, reason };
  }
  const isFailed = record.commonStatus.conditionStatus === CommonConditionStatus.Failed;
  // A version that came meanwhile has a rollout of its own.
  if (hasIt(record, rollout) || !isFailed)
    return { ...cluster, state: ClusterRolloutState.Updated };
  return { ...cluster, state: ClusterRolloutState.Failed, reason: record.commonStatus.reason };
}

/** Why it needs no asking, in words. */
function skipReason(record: ClusterRecord | undefined, { name }: Rollout): string | undefined {
  if (record === undefined) return 'it is gone';
  if (record.deleting) return 'it is being deleted';
  const { blueprint } = record.desired.spec;
  if (blueprint.name !== name || pinnedVersion(blueprint) !== undefined) {
    return 'it names another blueprint or version by now';
  }
  if (!record.applied.created) return 'it is not provisioned yet: that gives it the newest version';
  return undefined;
}

function hasIt({ applied }: ClusterRecord, { name, version }: Rollout): boolean {
  return applied.blueprint?.name === name && applied.blueprint.version === version;
}
