import { createHash } from 'node:crypto';

import type {
  ConsoleChange,
  ConsoleCluster,
  ConsoleCondition,
  ConsoleNode,
  ConsolePage,
} from '../../core/consoleModel.js';
import { initialConditions } from '../../core/conditions.js';
import { comesByInstaller } from '../../core/registration.js';
import type { ClusterRecord, TasksetRecord } from '../../core/records.js';
import { normaliseForCompare } from '../../core/specHash.js';
import { LAST_TASKSETS } from '../../core/status.js';
import { isAway } from '../../core/machineAway.js';
import {
  CommonConditionStatus,
  ConditionType,
  NodeStatus,
  TasksetStatus,
} from '../../core/words.js';
import type { Store } from '../../store/types.js';
import type { ApiDeps } from '../deps.js';
import { createFeed, type Feed } from '../feed.js';
import { nodeRows } from './nodeRows.js';
import { consoleState } from './state.js';
import { consoleTaskset, consoleTasksetSummary } from './timeline.js';

/** In the order in which a page needs them. */
const PARTS = ['cluster', 'taskset', 'nodes', 'tasksets'] as const satisfies (keyof ConsolePage)[];
type Part = (typeof PARTS)[number];

const HASH_LENGTH = 11;

/** A cluster's page at one moment, each part as it is sent. */
export interface PageMoment {
  /** The hashes of the parts, in order: whoever tells the id of what they have gets the parts that differ. */
  id: string;
  parts: Readonly<Record<Part, { text: string; hash: string }>>;
}

export type PageFeed = Feed<{ project: string; name: string }, PageMoment>;

/** However many people look at a cluster, the store is asked once per interval. */
export function createPageFeed(
  { store, config }: ApiDeps,
  options: { everyMs: number; onError: (error: unknown) => void },
): PageFeed {
  return createFeed(async ({ project, name }) => {
    const { clusters } = store;
    const record = (await clusters.get(project, name)) ?? (await clusters.getShared(project, name));
    return record && pageMoment(await clusterPage(store, record, config.temporalUi));
  }, options);
}

/** What is new to who has seen `last`: JSON of a ConsoleChange. */
export function changeText({ parts, id }: PageMoment, last: string | undefined): string {
  const seen = last?.split('.') ?? [];
  const known = seen.length === PARTS.length ? seen : [];
  const head: ConsoleChange = { now: new Date().toISOString() };
  const news = PARTS.filter((_, index) => id.split('.')[index] !== known[index]).map(
    (part) => `,"${part}":${parts[part].text}`,
  );
  return `${JSON.stringify(head).slice(0, -1)}${news.join('')}}`;
}

function pageMoment(page: ConsolePage): PageMoment {
  const parts = Object.fromEntries(
    PARTS.map((part) => {
      const text = JSON.stringify(page[part]);
      const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH);
      return [part, { text, hash }];
    }),
  ) as unknown as PageMoment['parts'];
  return { id: PARTS.map((part) => parts[part].hash).join('.'), parts };
}

/** All that a cluster's page shows. */
async function clusterPage(
  store: Store,
  record: ClusterRecord,
  temporalUi: ApiDeps['config']['temporalUi'],
): Promise<ConsolePage> {
  const [nodes, hostKeys, registrations, tasksets] = await Promise.all([
    store.nodes.list(record.id),
    store.hostKeys.list(record.id),
    store.registrations.list(record.id),
    store.tasksets.latest(record.id, LAST_TASKSETS),
  ]);
  const [newest] = tasksets;
  const kept = newest === undefined ? [] : await store.stepHistory.read(record.id, newest.id);
  const rows = nodeRows(record, { nodes, hostKeys, registrations });
  return {
    cluster: clusterHead(record, newest, rows),
    nodes: rows,
    taskset: newest === undefined ? null : consoleTaskset(newest, { nodes, kept }, temporalUi),
    tasksets: tasksets.map(consoleTasksetSummary),
  };
}

function clusterHead(
  record: ClusterRecord,
  newest: TasksetRecord | undefined,
  nodes: readonly ConsoleNode[],
): ConsoleCluster {
  const { metadata, spec } = record.desired;
  const { applied } = record;
  const works = newest?.status === TasksetStatus.InProgress;
  const canRetry = record.commonStatus.conditionStatus === CommonConditionStatus.Failed;
  return {
    ...{ id: record.id, project: record.project, name: record.name },
    ...(metadata.displayName === undefined ? {} : { displayName: metadata.displayName }),
    ...(metadata.description === undefined ? {} : { description: metadata.description }),
    labels: metadata.labels ?? {},
    ...consoleState(record, newest),
    version: spec.config.kubernetesVersion,
    ...(applied.kubernetesVersion === undefined
      ? {}
      : { appliedVersion: applied.kubernetesVersion }),
    blueprint: blueprintText(spec.blueprint),
    generation: record.generation,
    createdAt: record.createdAt,
    ahead: isAhead(record),
    deleting: record.deleting,
    conditions: conditions(record),
    canRetry,
    canCancel: works,
    byInstaller: spec.config.nodes.some((node) => comesByInstaller(spec, node)),
    away: canRetry ? awayNodes(record, nodes) : [],
  };
}

function awayNodes(
  { deleting }: ClusterRecord,
  nodes: readonly ConsoleNode[],
): ConsoleCluster['away'] {
  return nodes.flatMap(({ hostname, status, leaving, lastError }) =>
    (leaving || deleting) && status === NodeStatus.Failed && isAway(lastError?.code)
      ? [{ hostname, message: lastError?.message ?? '' }]
      : [],
  );
}

export function blueprintText({ name, version }: { name: string; version?: string }): string {
  return version === undefined ? name : `${name} ${version}`;
}

function isAhead({ desired, applied }: ClusterRecord): boolean {
  if (applied.spec === undefined) return true;
  return normaliseForCompare({ ...desired, spec: applied.spec }) !== normaliseForCompare(desired);
}

/** All of them in their order; Approve only where a node needed approval. */
function conditions(record: ClusterRecord): ConsoleCondition[] {
  const known = new Map(record.conditions.map((condition) => [condition.type, condition]));
  const initial = new Map(initialConditions(record.createdAt).map((of) => [of.type, of]));
  return Object.values(ConditionType).flatMap((type) => {
    const condition = known.get(type) ?? initial.get(type);
    if (condition === undefined) return [];
    const { status, reason, lastUpdated: at } = condition;
    return [{ type, status, reason, ...(at === undefined ? {} : { at }) }];
  });
}
