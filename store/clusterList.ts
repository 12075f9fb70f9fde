import type { Collection, Filter } from 'mongodb';

import type { LabelRequirement } from '../core/labels.js';
import { EVERY_PROJECT } from '../core/sharing.js';
import { desiredCluster } from './clusterDocument.js';
import type { ClusterDocument } from './clusterDocument.js';
import type { ClusterNames } from './clusterNames.js';
import {
  isByName,
  listedByName,
  listedCluster,
  pageByName,
  WITHOUT_APPLIED_SPEC,
} from './clusterPage.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { shared } from './shared.js';
import type { ClusterStore } from './clusterStore.js';

type ListPage = Parameters<ClusterStore['list']>[1];

export const ClusterIndex = {
  byName: 'project_1_name_1',
  byLabel: 'project_1_labelTerms_1_name_1',
  byStatus: 'project_1_provisionStatus_1_name_1',
  byReader: 'sharedWith_1_name_1',
  byCommon: 'project_1_commonStatus.conditionStatus_1_deleting_1_name_1',
  byDeleting: 'project_1_deleting_1_name_1',
} as const;

export async function ensureListIndexes(clusters: Collection<ClusterDocument>): Promise<void> {
  await clusters.createIndex({ project: 1, name: 1 }, { unique: true }, undefined);
  await clusters.createIndex({ project: 1, labelTerms: 1, name: 1 });
  await clusters.createIndex({ project: 1, provisionStatus: 1, name: 1 });
  await clusters.createIndex({ sharedWith: 1, name: 1 });
  await clusters.createIndex({
    ...{ project: 1, 'commonStatus.conditionStatus': 1, deleting: 1, name: 1 },
  });
  await clusters.createIndex({ project: 1, deleting: 1, name: 1 });
}

type Lists = Pick<ClusterStore, 'list' | 'listed'>;
type Found = Awaited<ReturnType<ReturnType<typeof pageByName>>>;

/** Consoles ask for the same page again and again: those that do so at once share a read. */
export function listClusters(clusters: Collection<ClusterDocument>, names: ClusterNames): Lists {
  const [byName, listed] = [pageByName(clusters, names), listedByName(clusters, names)];
  const query = (project: string, page: ListPage): Promise<Found> => {
    const { filter, after, hint } = clusterQuery(project, page);
    return readPage(
      clusters,
      {
        ...{ filter, sort: { name: 1 }, projection: WITHOUT_APPLIED_SPEC },
        ...(after === undefined ? {} : { after }),
        ...(hint === undefined ? {} : { hint }),
      },
      page,
    );
  };
  const list = byPage((project, page) =>
    isByName(page) ? byName(project, page) : query(project, page),
  );
  return {
    list: async (project, page) => mapSlice(await list(project, page), desiredCluster),
    listed: byPage(async (project, page) =>
      isByName(page) ? listed(project, page) : mapSlice(await query(project, page), listedCluster),
    ),
  };
}

function byPage<T>(
  read: (project: string, page: ListPage) => Promise<T>,
): (project: string, page: ListPage) => Promise<T> {
  const reading = shared((key) => {
    const [project, page] = JSON.parse(key) as [string, ListPage];
    return read(project, page);
  });
  return (project, page) => reading(JSON.stringify([project, page]));
}

/** The query of a list. Every one of them walks an index: by name, by a label or by a status. */
export function clusterQuery(
  project: string,
  page: ListPage,
): { filter: Filter<ClusterDocument>; after?: Filter<ClusterDocument>; hint?: string } {
  const { name, status = [], common = [], deleting, labels = [], after, shared = false } = page;
  const byName = nameCondition(name);
  // The one that an index is walked by comes first; the others sift what it finds.
  const [first, ...others] = labels
    .toSorted((a, b) => rank(a) - rank(b))
    .map((requirement) => ({ labelTerms: termCondition(requirement) }));
  const filter = {
    ...(shared
      ? { sharedWith: { $in: [project, EVERY_PROJECT] }, project: { $ne: project } }
      : { project }),
    ...(byName === undefined ? {} : { name: byName }),
    ...(status.length === 0 ? {} : { provisionStatus: oneOf(status) }),
    ...(common.length === 0 ? {} : { 'commonStatus.conditionStatus': oneOf(common) }),
    ...deletingCondition(deleting, common),
    ...first,
    ...(others.length === 0 ? {} : { $and: others }),
  } as Filter<ClusterDocument>;
  const hint = shared ? ClusterIndex.byReader : hintOf(page);
  return {
    filter,
    ...(after === undefined ? {} : { after: { name: nameCondition(name, after) } as object }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * With every field before the name fixed, or one of a few, the index gives its names in order: the server merges the
 * few. A range of `deleting` would have it sort all that it finds before it gives the first page.
 */
function deletingCondition(deleting: boolean | undefined, common: readonly number[]): object {
  if (deleting !== undefined) return { deleting };
  return common.length === 0 ? {} : { deleting: { $in: [false, true] } };
}

/** A planner takes the index of one plain condition by itself; of several, not every one does. */
function hintOf({
  labels = [],
  status = [],
  common = [],
  deleting,
}: Pick<ListPage, 'labels' | 'status' | 'common' | 'deleting'>): string | undefined {
  const state = common.length > 0 || deleting !== undefined;
  const conditions = labels.length + (status.length === 0 ? 0 : 1);
  if (conditions === 0 && !state) return undefined;
  const [only] = labels;
  const plain =
    only === undefined ? status.length === 1 : isPositive(only) && only.values.length <= 1;
  if (conditions === 1 && plain && !state) return undefined;
  if (labels.some(isPositive)) return ClusterIndex.byLabel;
  if (status.length > 0) return ClusterIndex.byStatus;
  if (common.length > 0) return ClusterIndex.byCommon;
  return deleting === undefined ? ClusterIndex.byName : ClusterIndex.byDeleting;
}

function isPositive({ operator }: LabelRequirement): boolean {
  return operator === 'in' || operator === 'exists';
}

function rank(requirement: LabelRequirement): number {
  if (!isPositive(requirement)) return 2;
  return requirement.values.length === 1 ? 0 : 1;
}

function termCondition({ key, operator, values }: LabelRequirement): unknown {
  const pairs = values.map((value) => `${key}=${value}`);
  switch (operator) {
    case 'in':
      return oneOf(pairs);
    case 'notIn':
      return { $nin: pairs };
    case 'exists':
      return key;
    case 'absent':
      return { $ne: key };
  }
}

function oneOf(values: readonly (string | number)[]): unknown {
  return values.length === 1 ? values[0] : { $in: [...values] };
}
