import { ConsoleState, type ConsoleRow, type ConsoleStepPlace } from '../../core/consoleModel.js';
import type { LabelRequirement } from '../../core/labels.js';
import type { TasksetHead } from '../../core/records.js';
import { CommonConditionStatus, OperationStatus, TasksetStatus } from '../../core/words.js';
import type { DesiredCluster } from '../../store/clusterStore.js';
import type { NameFilter } from '../../store/page.js';
import type { Project } from '../../store/projectStore.js';
import type { Store } from '../../store/types.js';
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
  /** Another project shares it with that one. */
  shared?: boolean | undefined;
}

interface RowPage {
  rows: ConsoleRow[];
  count?: number;
  next?: RowKey;
}

/** More projects than this are not counted through: it would cost more than the number tells. */
const COUNTED_PROJECTS = 100;

/** A project's own clusters, or those that others share with it. */
interface Source {
  project: string;
  shared: boolean;
}

/**
 * The clusters of these projects, by project and name, `limit` of them after `after`. Of one project alone also what others
 * share with it: among several, these are in the list as their own project's.
 */
export async function clusterRows(
  store: Store,
  projects: readonly Project[],
  { limit, after, ...filters }: RowFilters & { limit: number; after?: RowKey },
): Promise<RowPage> {
  const filter = storeFilter(filters);
  const own = projects.map(({ name: project }): Source => ({ project, shared: false }));
  const sources =
    own.length === 1 ? [...own, ...own.map((one) => ({ ...one, shared: true }))] : own;
  const found: { record: DesiredCluster; source: Source }[] = [];
  const counts = new Map<Source, number>();
  let more = false;
  for (const source of sources) {
    if (after !== undefined && isBefore(source, after)) continue;
    if (found.length === limit) {
      more = await hasAny(store, source, filter);
      if (more) break;
      counts.set(source, 0);
      continue;
    }
    const { project, shared } = source;
    const begun = after?.project === project && (after.shared ?? false) === shared;
    const slice = await store.clusters.list(project, {
      ...{ ...filter, shared, limit: limit - found.length },
      ...(begun ? { after: after.name } : {}),
    });
    counts.set(source, slice.count);
    found.push(...slice.items.map((record) => ({ record, source })));
    more = slice.more;
    if (more) break;
  }
  const [rows, count] = await Promise.all([
    Promise.all(found.map(({ record, source }) => row(store, record, source))),
    countAll(store, sources, { filter, counts }),
  ]);
  const last = found.at(-1);
  return {
    rows,
    ...(count === undefined ? {} : { count }),
    ...(more && last !== undefined ? { next: { ...last.source, name: last.record.name } } : {}),
  };
}

function isBefore({ project, shared }: Source, after: RowKey): boolean {
  return project < after.project || (project === after.project && !shared && after.shared === true);
}

function storeFilter({ name, state, labels }: RowFilters): StoreFilter {
  return {
    ...(name === undefined ? {} : { name }),
    ...(labels === undefined ? {} : { labels }),
    ...(state === undefined ? {} : STATES[state]),
  };
}

async function hasAny(
  store: Store,
  { project, shared }: Source,
  filter: StoreFilter,
): Promise<boolean> {
  const { items } = await store.clusters.list(project, { ...filter, shared, limit: 1 });
  return items.length > 0;
}

async function countAll(
  store: Store,
  sources: readonly Source[],
  { filter, counts }: { filter: StoreFilter; counts: ReadonlyMap<Source, number> },
): Promise<number | undefined> {
  if (sources.length > COUNTED_PROJECTS) return undefined;
  const all = await Promise.all(
    sources.map(async (source) => {
      const { project, shared } = source;
      const known = counts.get(source);
      return known ?? (await store.clusters.list(project, { ...filter, shared, limit: 1 })).count;
    }),
  );
  return all.reduce((sum, count) => sum + count, 0);
}

async function row(
  store: Store,
  record: DesiredCluster,
  { project, shared }: Source,
): Promise<ConsoleRow> {
  const [statuses, newest] = await Promise.all([
    store.nodes.statuses(record.id),
    store.tasksets.newest(record),
  ]);
  const { id, name, kubernetesVersion, appliedVersion, reason, ...summary } = clusterSummary(
    record,
    statuses,
  );
  const { displayName } = record.desired.metadata;
  const state = consoleWord(summary.state, newest);
  return {
    ...{ id, project, name },
    ...(shared ? { sharedBy: record.project } : {}),
    ...(displayName === undefined ? {} : { displayName }),
    state,
    ...(state === ConsoleState.Ready ? {} : { reason }),
    version: kubernetesVersion,
    ...(appliedVersion === undefined ? {} : { appliedVersion }),
    blueprint: blueprintText(summary.blueprint),
    ...{ labels: summary.labels, nodes: summary.nodes },
    ...(await lastOperation(store, newest)),
  };
}

/** What is at work, else what failed, else what was done last. Its plan and steps are read only while they tell something. */
async function lastOperation(
  store: Store,
  taskset: TasksetHead | undefined,
): Promise<Pick<ConsoleRow, 'operation'>> {
  const { operations = [] } = taskset ?? {};
  const is = (status: OperationStatus) => operations.find((one) => one.status === status);
  const operation =
    is(OperationStatus.InProgress) ?? is(OperationStatus.Failed) ?? operations.at(-1);
  if (taskset === undefined || operation === undefined) return {};
  const step =
    taskset.status === TasksetStatus.Complete ? undefined : await placeIn(store, taskset);
  return {
    operation: {
      ...{ name: operation.name, status: operation.status },
      at: operation.endedAt ?? operation.startedAt ?? taskset.createdAt,
      ...(step === undefined ? {} : { step }),
    },
  };
}

async function placeIn(
  store: Store,
  { id, clusterId }: TasksetHead,
): Promise<ConsoleStepPlace | undefined> {
  const [taskset, steps] = await Promise.all([
    store.tasksets.get(clusterId, id),
    store.nodes.steps(clusterId),
  ]);
  return taskset && stepPlace(taskset, steps);
}
