import { AppError, ErrorCode } from '../core/errors.js';
import type { ClusterRecord } from '../core/records.js';
import type { ApiContext } from './env.js';

/** The cluster of the path. @throws AppError NotFound */
export async function findCluster(
  c: ApiContext,
  of: { project: string; name: string },
): Promise<ClusterRecord> {
  const record = await c.var.deps.store.clusters.get(of.project, of.name);
  if (record === undefined) throw noCluster(of);
  return record;
}

/**
 * The same for who only reads: the project's own cluster, or one that another project shares with it.
 * @throws AppError NotFound
 */
export async function findReadableCluster(
  c: ApiContext,
  of: { project: string; name: string },
): Promise<ClusterRecord> {
  const { clusters } = c.var.deps.store;
  const record =
    (await clusters.get(of.project, of.name)) ?? (await clusters.getShared(of.project, of.name));
  if (record === undefined) throw noCluster(of);
  return record;
}

export function noCluster(of: { project: string; name: string }): AppError {
  return new AppError(
    ErrorCode.NotFound,
    `there is no cluster ${of.name} in project ${of.project}`,
  );
}
