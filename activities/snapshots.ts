import { createHash } from 'node:crypto';

import { Context } from '@temporalio/activity';

import type { NodeSpec } from '../core/cluster.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { snapshotsInUse } from '../core/restoreChecks.js';
import { snapshotPolicy, snapshotsToPrune } from '../core/snapshotPolicy.js';
import { SNAPSHOT_FOLDER } from '../machine/steps/snapshot.js';
import type { MachineSession } from '../machine/types.js';
import type { SnapshotRecord } from '../store/snapshotStore.js';
import type { ChunkCipher } from '../vault/chunkCipher.js';
import { runThrough } from './clusterStep.js';
import type { ActivityDeps } from './deps.js';
import { heartbeating } from './heartbeat.js';
import { joinedControlPlanes, loadCluster, type LoadedCluster } from './load.js';
import { runMachineStep } from './machineStep.js';
import type { OperationRef, SnapshotRef } from './refs.js';
import { CHUNK_BYTES, openSnapshot, sealSnapshot, snapshotSecretName } from './snapshotFile.js';
import { stepError } from './stepError.js';
import { withMachine } from './targets.js';

/** One chunk through the slowest of lines. */
const CHUNK_TIMEOUT_MS = 120_000;
/** They are names of files. */
const IDS = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Takes a snapshot of etcd on the first control plane that can, and brings it into the store: compressed, encrypted,
 * read back. Run again, it goes on with what is there.
 */
export async function takeSnapshot(deps: ActivityDeps, ref: SnapshotRef): Promise<void> {
  if (!IDS.test(ref.snapshot)) {
    throw new AppError(ErrorCode.InvalidRequest, `${ref.snapshot} is no id of a snapshot`);
  }
  await heartbeating(async () => {
    const known = await deps.store.snapshots.get(ref.clusterId, ref.snapshot);
    if (known?.complete === true) return;
    const loaded = await loadCluster(deps, ref, { controlPlanes: true });
    let failure: AppError | undefined;
    for (const { spec: on } of joinedControlPlanes(loaded)) {
      try {
        await takeOn(deps, ref, { loaded, on });
        return;
      } catch (error) {
        if (!(error instanceof AppError) || error.code === ErrorCode.Cancelled) throw error;
        failure ??= error;
      }
    }
    throw (
      failure ??
      new AppError(ErrorCode.StepFailed, 'no control plane has joined yet', {
        failure: { node: ref.name, step: 'snapshot-take' },
      })
    );
  });
}

interface Taking {
  loaded: LoadedCluster;
  on: NodeSpec;
}

async function takeOn(deps: ActivityDeps, ref: SnapshotRef, { loaded, on }: Taking): Promise<void> {
  const { clusterId, snapshot: id } = ref;
  const taken = await runThrough(
    deps,
    { ...ref, step: 'snapshot-take' },
    { only: on.hostname, snapshot: id },
  );
  const record = recordOf(ref, loaded, { on, results: taken.results });
  const keys = await fetchKeys(deps, ref, { loaded, on });
  await deps.store.snapshots.begin(record);
  const cipher = await sealSnapshot(deps, { clusterId, id, keys });
  const query = { ...ref, spec: loaded.record.desired.spec, node: on };
  await withMachine(deps, query, (session) => fetchChunks(deps, session, { record, cipher }));
  await verify(deps, record);
  await deps.store.snapshots.complete(clusterId, id);
  await deps.store.clusters.noteSnapshot(clusterId, record.createdAt);
  await withMachine(deps, query, (session) =>
    session.exec(`rm -rf ${SNAPSHOT_FOLDER}`, { timeoutMs: 60_000 }),
  ).catch((error: unknown) => {
    // The next one takes its place.
    const of = { cluster: ref.name, project: ref.project, node: on.hostname };
    deps.log.warn({ ...of, error: String(error) }, 'the fetched snapshot stays on its machine');
  });
}

type Fresh = Omit<SnapshotRecord, 'complete' | 'completedAt'>;

function recordOf(
  ref: SnapshotRef,
  { record: { desired } }: LoadedCluster,
  { on, results }: { on: NodeSpec; results: Record<string, string> },
): Fresh {
  const size = Number(results['size']);
  const packedSize = Number(results['packedSize']);
  const { sha256 = '', packedSha256 = '', revision = '' } = results;
  if (!(size > 0 && packedSize > 0) || sha256 === '' || packedSha256 === '') {
    throw new AppError(ErrorCode.StepFailed, 'the machine did not say what the snapshot is', {
      failure: { node: on.hostname, step: 'snapshot-take' },
    });
  }
  return {
    ...{ id: ref.snapshot, clusterId: ref.clusterId, createdAt: new Date().toISOString() },
    ...{ node: on.hostname, kubernetesVersion: desired.spec.config.kubernetesVersion },
    ...(revision === '' ? {} : { revision }),
    ...{ size, sha256, packedSize, packedSha256, chunks: Math.ceil(packedSize / CHUNK_BYTES) },
  };
}

async function fetchKeys(deps: ActivityDeps, ref: OperationRef, taking: Taking): Promise<string> {
  const input = { ref, ...taking, step: 'cluster-keys', attempt: 1 } as const;
  const result = await runMachineStep(deps, input);
  const keys = result.results['keys'];
  if (result.outcome !== 'done' || keys === undefined) {
    throw stepError(taking.on.hostname, 'cluster-keys', result);
  }
  return keys;
}

/** A chunk at a time, so that no more of it is in memory; those that are there are not fetched again. */
async function fetchChunks(
  deps: ActivityDeps,
  session: MachineSession,
  { record, cipher }: { record: Fresh; cipher: ChunkCipher },
): Promise<void> {
  const { clusterId, id, chunks, packedSize } = record;
  const signal = Context.current().cancellationSignal;
  const file = `${SNAPSHOT_FOLDER}/${id}.gz`;
  for (
    let index = await deps.store.snapshots.chunkCount(clusterId, id);
    index < chunks;
    index += 1
  ) {
    const last = index === chunks - 1;
    const { code, stdout, stderr } = await session.exec(
      `dd if=${file} bs=${String(CHUNK_BYTES)} skip=${String(index)} count=1 status=none | base64 -w0`,
      { timeoutMs: CHUNK_TIMEOUT_MS, signal },
    );
    const plain = Buffer.from(stdout, 'base64');
    const wanted = last ? packedSize - index * CHUNK_BYTES : CHUNK_BYTES;
    if (code !== 0 || plain.length !== wanted) {
      throw new AppError(ErrorCode.StepFailed, 'the snapshot could not be read', {
        failure: {
          ...{
            node: session.node,
            step: 'snapshot-take',
            command: `dd if=${file}`,
            exitCode: code,
          },
          lastLines: stderr.split('\n').slice(-5),
          hint: 'Is it still on the machine? Retry: it is taken anew.',
        },
      });
    }
    await deps.store.snapshots.putChunk(clusterId, id, {
      ...{ index, sealed: cipher.seal({ index, last }, plain) },
    });
  }
}

/** What was stored is what the machine had: read back and opened, as a restore will. */
async function verify(deps: ActivityDeps, { clusterId, id, packedSha256 }: Fresh): Promise<void> {
  const opened = await openSnapshot(deps, clusterId, id);
  const hash = createHash('sha256');
  for await (const part of opened.read()) hash.update(part);
  if (hash.digest('hex') === packedSha256) return;
  await dropSnapshot(deps, clusterId, id);
  throw new AppError(ErrorCode.ArtifactCorrupt, `the snapshot ${id} did not arrive as it was sent`);
}

/** Removes what the cluster's policy does not keep, and what attempts that failed left. */
export async function pruneSnapshots(deps: ActivityDeps, ref: OperationRef): Promise<void> {
  const record = await deps.store.clusters.getById(ref.clusterId);
  if (record === undefined) return;
  const all = await deps.store.snapshots.all(ref.clusterId);
  const newest = all.find(({ complete }) => complete)?.createdAt ?? '';
  const half = all.filter(({ complete, createdAt }) => !complete && createdAt < newest);
  const inUse = snapshotsInUse(record);
  const old = snapshotsToPrune(
    all.filter(({ complete }) => complete),
    {
      policy: snapshotPolicy(record.desired.metadata.annotations),
      ...{ now: new Date(), inUse },
    },
  );
  for (const { id } of [...half, ...old]) await dropSnapshot(deps, ref.clusterId, id);
}

async function dropSnapshot(deps: ActivityDeps, clusterId: string, id: string): Promise<void> {
  await deps.store.snapshots.remove(clusterId, id);
  await deps.store.secrets.remove(clusterId, snapshotSecretName(id));
}
