import { createHash } from 'node:crypto';

import { Context } from '@temporalio/activity';

import { AppError, ErrorCode } from '../core/errors.js';
import { isRestoring, otherMinor } from '../core/restoreChecks.js';
import type { DiskSpace, MachineFacts } from '../machine/facts.js';
import { gigabytes } from '../machine/preflight/capacity.js';
import type { SnapshotRecord } from '../store/snapshotStore.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { loadCluster } from './load.js';
import type { OperationRef } from './refs.js';
import { goesOn, plannedRestore } from './restore.js';
import { openSnapshot, type OpenSnapshot } from './snapshotFile.js';

/** What etcd sets aside for its log in a new data directory, twice. */
const LOG_BYTES = 128 * 1024 * 1024;

/**
 * Whether what is to be restored can be, before anything is stopped for it: a cluster that is down is not the place to find
 * that out.
 * @throws AppError PreflightFailed with all that is wrong.
 */
export async function checkRestore(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  await heartbeating(async () => {
    const planned = await plannedRestore(deps, ref);
    const { snapshot, leader } = planned;
    const hostnames = leader === undefined ? [] : [leader];
    const { record, nodes } = await loadCluster(deps, ref, { hostnames });
    const facts = nodes[0]?.facts as MachineFacts | undefined;
    const problems = await problemsOf(deps, {
      ...{ clusterId: ref.clusterId, snapshot, name: ref.name },
      runs: record.desired.spec.config.kubernetesVersion,
      // Its data may be in place by now, and take the room that it needs.
      disks: goesOn(record.applied.restoring, planned) ? [] : (facts?.disks ?? []),
    });
    if (problems.length === 0) return;
    const untouched = isRestoring(record) ? '' : ', nothing was changed';
    throw new AppError(
      ErrorCode.PreflightFailed,
      `the snapshot ${snapshot} cannot be restored${untouched}: ${problems.join('. ')}`,
    );
  });
}

async function problemsOf(
  deps: ActivityDeps,
  of: { clusterId: string; snapshot: string; name: string; runs: string; disks: DiskSpace[] },
): Promise<string[]> {
  try {
    const opened = await openSnapshot(deps, of.clusterId, of.snapshot);
    const { record } = opened;
    const problems = [otherMinor(record, of), ...missingRoom(record, of.disks)];
    return [...problems.filter((problem) => problem !== undefined), ...(await damage(opened))];
  } catch (error) {
    // Ours say what is wrong with it; a database that is away comes back.
    if (error instanceof AppError) return [error.message];
    throw error;
  }
}

/** All of it, as the machine that gets it will be sent it. */
async function damage(snapshot: OpenSnapshot): Promise<string[]> {
  const { cancellationSignal } = Context.current();
  const hash = createHash('sha256');
  for await (const part of snapshot.read()) {
    cancellationSignal.throwIfAborted();
    hash.update(part);
  }
  return hash.digest('hex') === snapshot.record.packedSha256
    ? []
    : ['what is stored is not what was taken'];
}

/** Beside what there was, which is put aside: the file, what is in it, and what etcd makes of that, once here and once in place. */
function missingRoom(
  { size, packedSize }: SnapshotRecord,
  disks: readonly DiskSpace[],
): (string | undefined)[] {
  const at = (path: string): DiskSpace | undefined => disks.find((disk) => disk.path === path);
  const folders = [
    { disk: at('/var/lib') ?? at('/'), wanted: packedSize + 2 * size + LOG_BYTES },
    { disk: at('/var/lib/etcd'), wanted: size + LOG_BYTES },
  ];
  return folders.map(({ disk, wanted }) =>
    disk === undefined || disk.freeBytes >= wanted
      ? undefined
      : `${gigabytes(disk.freeBytes)} are free on ${disk.path} of the machine that gets the data, and ${gigabytes(wanted)} are needed`,
  );
}
