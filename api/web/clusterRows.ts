import { ConsoleState, type ConsoleRow } from '../../core/consoleModel.js';
import type { LabelRequirement } from '../../core/labels.js';
import type { ClusterRecord, TasksetRecord } from '../../core/records.js';
import { CommonConditionStatus, OperationStatus, TasksetStatus } from '../../core/words.js';
import type { NameFilter, Project, Store } from '../../store/types.js';
import { clusterSummary } from '../views/clusterSummary.js';
import { blueprintText } from './clusterPage.js';
import { consoleWord } from './state.js';
import { stepPlace } from './timeline.js';

/** What people choose clusters by. */
interface RowFilters {
  name?: NameFilter;
  state?: StateFilter;
  labels?: readonly LabelRequirement[];
}

export const StateFilter = {
  Ready: 'ready',
  Working: 'working',
  Failed: 'failed',
  Deleting: 'deleting',
} as const;
export type StateFilter = (typeof StateFilter)[keyof typeof StateFilter];

const { NotSet, Submitted, Ok, Failed } = CommonConditionStatus;

type StoreFilter = Partial<Parameters<Store['clusters']['list']>[1]>;

const STATES: Readonly<Record<StateFilter, StoreFilter>> = {
  ready: { common: [Ok], deleting: false },
  working: { common: [NotSet, Submitted], deleting: false },
  failed: { common: [Failed] },
  deleting: { deleting: true },
};

/** Where a page begins: after this cluster. */
interface RowKey {
  project: string;
  name: string;
}

interface RowPage {
  rows: ConsoleRow[];
  count?: number;
  next?: RowKey;
}

/** More projects than this are not counted through: it would cost more than the number tells. */
const COUNTED_PROJECTS = 100;

/** The clusters of these projects, by project and name, `limit` of them after `after`. */
export async function clusterRows(
  store: Store,
  projects: readonly Project[],
  { limit, after, ...filters }: RowFilters & { limit: number; after?: RowKey },
): Promise<RowPage> {
  const filter = storeFilter(filters);
  const found: ClusterRecord[] = [];
  const counts = new Map<string, number>();
  let more = false;
  for (const { name: project } of projects) {
    if (after !== undefined && project < after.project) continue;
    if (found.length === limit) {
      more = await hasAny(store, project, filter);
      if (more) break;
      counts.set(project, 0);
      continue;
    }
    const slice = await store.clusters.list(project, {
      ...filter,
      limit: limit - found.length,
      ...(after?.project === project ? { after: after.name } : {}),
    });
    counts.set(project, slice.count);
    found.push(...slice.items);
    more = slice.more;
    if (more) break;
  }
  const count = await countAll(store, projects, { filter, counts });
  const last = found.at(-1);
  return {
    rows: await Promise.all(found.map((record) => row(store, record))),
    ...(count === undefined ? {} : { count }),
    ...(more && last !== undefined ? { next: { project: last.project, name: last.name } } : {}),
  };
}

function storeFilter({ name, state, labels }: RowFilters): StoreFilter {
  return {
    ...(name === undefined ? {} : { name }),
    ...(labels === undefined ? {} : { labels }),
    ...(state === undefined ? {} : STATES[state]),
  };
}

async function hasAny(store: Store, project: string, filter: StoreFilter): Promise<boolean> {
  return (await store.clusters.list(project, { ...filter, limit: 1 })).items.length > 0;
}

async function countAll(
  store: Store,
  projects: readonly Project[],
  { filter, counts }: { filter: StoreFilter; counts: ReadonlyMap<string, number> },
): Promise<number | undefined> {
  if (projects.length > COUNTED_PROJECTS) return undefined;
  const all = await Promise.all(
    projects.map(async ({ name }) => {
      const known = counts.get(name);
      return known ?? (await store.clusters.list(name, { ...filter, limit: 1 })).count;
    }),
  );
  return all.reduce((sum, count) => sum + count, 0);
}

async function row(store: Store, record: ClusterRecord): Promise<ConsoleRow> {
  const [statuses, [newest]] = await Promise.all([
    store.nodes.statuses(record.id),
    store.tasksets.latest(record.id, 1),
  ]);
  const { id, name, kubernetesVersion, appliedVersion, reason, ...summary } = clusterSummary(
    record,
    statuses,
  );
  const { displayName } = record.desired.metadata;
  const state = consoleWord(summary.state, newest);
  return {
    ...{ id, project: record.project, name },
    ...(displayName === undefined ? {} : { displayName }),
    state,
    ...(state === ConsoleState.Ready ? {} : { reason }),
    version: kubernetesVersion,
    ...(appliedVersion === undefined ? {} : { appliedVersion }),
    blueprint: blueprintText(summary.blueprint),
    ...{ labels: summary.labels, nodes: summary.nodes },
    ...(await lastOperation(store, record, newest)),
  };
}

/** What is at work, else what failed, else what was done last. Its steps are read only while they tell something. */
async function lastOperation(
  store: Store,
  { id }: ClusterRecord,
  taskset: TasksetRecord | undefined,
): Promise<Pick<ConsoleRow, 'operation'>> {
  const { operations = [] } = taskset ?? {};
  const is = (status: OperationStatus) => operations.find((one) => one.status === status);
  const operation =
    is(OperationStatus.InProgress) ?? is(OperationStatus.Failed) ?? operations.at(-1);
  if (taskset === undefined || operation === undefined) return {};
  const under = taskset.status !== TasksetStatus.Complete;
  const step = under ? stepPlace(taskset, await store.nodes.steps(id)) : undefined;
  return {
    operation: {
      ...{ name: operation.name, status: operation.status },
      at: operation.endedAt ?? operation.startedAt ?? taskset.createdAt,
      ...(step === undefined ? {} : { step }),
    },
  };
}
