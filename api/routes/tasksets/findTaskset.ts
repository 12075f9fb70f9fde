import { AppError, ErrorCode } from '../../../core/errors.js';
import type { ClusterRecord, TasksetRecord } from '../../../core/records.js';
import type { ApiContext } from '../../env.js';
import { findReadableCluster } from '../../findCluster.js';

/** The cluster and the taskset of the path. @throws AppError NotFound */
export async function findTaskset(
  c: ApiContext,
  of: { project: string; name: string; id: string },
): Promise<{ cluster: ClusterRecord; taskset: TasksetRecord }> {
  const cluster = await findReadableCluster(c, of);
  const taskset = await c.var.deps.store.tasksets.get(cluster.id, of.id);
  if (taskset === undefined) {
    throw new AppError(ErrorCode.NotFound, `cluster ${of.name} has no taskset ${of.id}`);
  }
  return { cluster, taskset };
}
