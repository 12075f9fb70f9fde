import type { Db } from 'mongodb';

import type { Condition } from '../core/cluster.js';
import { SuccessReason } from '../core/conditions.js';
import { isJudged } from '../core/judgeHealth.js';
import { ConditionStatus, ConditionType } from '../core/words.js';
import type { NodeStatus } from '../core/words.js';
import type { ClusterDocument } from './clusterDocument.js';
import { CollectionName } from './collections.js';
import { nodeId } from './nodeDocument.js';
import type { NodeDocument } from './nodeDocument.js';
import { timestamp } from './timestamps.js';
import type { ClusterState, WatchSubjects } from './watchSubject.js';
import type { HealthStore, WatchSubject } from './watchTypes.js';

type Judgement = Parameters<HealthStore['judge']>[1];

/** See HealthStore.judge. Nothing is read, and nothing written, where all is as it was. */
export async function applyJudgement(
  db: Db,
  subjects: WatchSubjects,
  { subject, sequence }: { subject: WatchSubject; sequence: number },
  { nodes, ready }: Judgement,
): Promise<boolean> {
  if (subject.busy || subject.deleting) return false;
  const known = new Map(subject.nodes.map((node) => [node.hostname, node]));
  const turned = nodes.flatMap(({ hostname, status }) => {
    const before = known.get(hostname);
    if (before === undefined || !isJudged(before.status) || before.status === status) return [];
    return [{ hostname, status, before }];
  });
  const condition = subject.conditions.find(({ type }) => type === ConditionType.Ready);
  const same = condition?.status === ready?.status && condition?.reason === ready?.reason;
  if (turned.length === 0 && (ready === undefined || same)) return false;
  // An operation that has begun, or even ended, since: what was seen before it says nothing of what is now.
  const state = await subjects.state(subject.id);
  if (state?.version !== subject.version || state.busy || state.deleting) return false;
  const written = await Promise.all([
    ...turned.map((node) => turnNode(db, subject.id, node)),
    ...(ready === undefined ? [] : [setReady(db, subject.id, { state, sequence, ready })]),
  ]);
  return written.some(Boolean);
}

/** Unless anybody has written the node since it was read. */
async function turnNode(
  db: Db,
  clusterId: string,
  {
    hostname,
    status,
    before,
  }: { hostname: string; status: NodeStatus; before: WatchSubject['nodes'][number] },
): Promise<boolean> {
  const { matchedCount } = await db.collection<NodeDocument>(CollectionName.nodes).updateOne(
    {
      _id: nodeId(clusterId, hostname),
      status: before.status,
      modifiedAt: before.modifiedAt,
    },
    { $set: { status, modifiedAt: timestamp() } },
  );
  return matchedCount > 0;
}

/** Of the condition only what judgements have made of it is changed: a failed operation's reason stands. */
async function setReady(
  db: Db,
  clusterId: string,
  {
    state,
    sequence,
    ready,
  }: { state: ClusterState; sequence: number; ready: NonNullable<Judgement['ready']> },
): Promise<boolean> {
  const { conditions, judged } = state;
  const index = conditions.findIndex(({ type }) => type === ConditionType.Ready);
  const now = conditions[index];
  if (now === undefined || !isOurs(now, judged)) return false;
  const { status, reason } =
    ready.status === ConditionStatus.True
      ? { status: ready.status, reason: SuccessReason[ConditionType.Ready] }
      : ready;
  if (now.status === status && now.reason === reason) return false;
  const at = `conditions.${String(index)}`;
  const { matchedCount } = await db.collection<ClusterDocument>(CollectionName.clusters).updateOne(
    {
      ...{ _id: clusterId, deleting: false },
      [`${at}.type`]: ConditionType.Ready,
      [`${at}.status`]: now.status,
      [`${at}.reason`]: now.reason,
      $or: [{ judged: { $exists: false } }, { 'judged.sequence': { $lt: sequence } }],
    },
    {
      $set: {
        [`${at}.status`]: status,
        [`${at}.reason`]: reason,
        [`${at}.lastUpdated`]: timestamp(),
        judged: { sequence, ...(status === ConditionStatus.True ? {} : { reason }) },
      },
    },
  );
  return matchedCount > 0;
}

/** True, as an operation has left it; or what a judgement has made of that. */
function isOurs(condition: Condition, judged: ClusterDocument['judged']): boolean {
  return condition.status === ConditionStatus.True || isJudgement(condition, judged);
}

/** Whether ClusterReady is what the last judgement has made of it, and not True. */
export function isJudgement({ reason }: Condition, judged: ClusterDocument['judged']): boolean {
  return judged?.reason !== undefined && judged.reason === reason;
}
