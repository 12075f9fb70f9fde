import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { AskedKind } from '../core/askedOperations.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { SNAPSHOT_ANNOTATIONS } from '../core/snapshotPolicy.js';
import { OperationName } from '../core/words.js';
import type { MachineSession, StepRun, StepRunResult } from '../machine/types.js';
import { desired, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { askDueSnapshots } from './dueSnapshots.js';
import type { SnapshotRef } from './refs.js';
import { CHUNK_BYTES, openSnapshot } from './snapshotFile.js';
import { pruneSnapshots, takeSnapshot } from './snapshots.js';

/** More than two chunks, of what does not compress. */
const data = randomBytes(2 * CHUNK_BYTES + 1_000);
const packed = gzipSync(data);
const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const KEYS = Buffer.from('PLANTED keys of the cluster').toString('base64');

let db: TestDatabase;
let deps: ActivityDeps;
let ref: SnapshotRef;
let count = 0;
/** What the machines did, and what is wrong with them. */
let calls: string[];
let sick: { unhealthy?: string; loseAfter?: number; damaged?: boolean };

beforeAll(async () => {
  db = await openTestDatabase();
  const untouched = (): never => {
    throw new Error('nothing is sent');
  };
  deps = {
    store: db.store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: {
      with: (target, work) => work(session(target.node)),
      close: () => Promise.resolve(),
    },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}, 120_000);
afterAll(() => db.close());

beforeEach(async () => {
  count += 1;
  calls = [];
  sick = {};
  const name = `snap-${String(count)}`;
  const nodes = [node(1), node(2, { roles: ['ControlPlane'] })];
  const { record } = await db.store.clusters.apply({
    ...{ project, name, desired: desired(name, nodes), secretsHash: 'h' },
  });
  const owner = `${project}/${name}`;
  for (const spec of nodes) {
    const login = { privateKey: 'key' };
    await db.store.secrets.put(
      owner,
      `ssh:${spec.hostname}`,
      deps.vault.seal(owner, JSON.stringify(login)),
    );
    await db.store.nodes.upsert(record.id, spec.hostname, { spec, claimed: true, joined: true });
  }
  const tasksetId = `t${String(count).padStart(6, '0')}`;
  ref = {
    ...{ project, name, clusterId: record.id, generation: 1, tasksetId },
    ...{ operation: OperationName.EtcdSnapshot, operationIndex: 0, snapshot: 's1' },
  };
});

/** A control plane whose scripts say what they should, and whose disk holds the snapshot. */
function session(hostname: string): MachineSession {
  const ended = (set: Partial<StepRunResult>): StepRunResult => ({
    ...{ outcome: 'done', results: {}, lastLines: [], startedAt: 1, endedAt: 2 },
    ...{ bootId: 'b', reattached: false, ...set },
  });
  let chunks = 0;
  return {
    node: hostname,
    hostKey: { key: 'k', fingerprint: 'f' },
    runStep: (run: StepRun) => {
      calls.push(`${hostname} ${run.step}`);
      if (run.step === 'cluster-keys') return Promise.resolve(ended({ results: { keys: KEYS } }));
      if (sick.unhealthy === hostname) {
        return Promise.resolve(ended({ outcome: 'failed', failCode: 'StepFailed' }));
      }
      const results = {
        ...{ size: String(data.length), sha256: sum(data), revision: '7' },
        ...{ packedSize: String(packed.length), packedSha256: sum(packed) },
      };
      return Promise.resolve(ended({ results }));
    },
    exec: (command) => {
      const skip = /skip=(\d+)/.exec(command)?.[1];
      calls.push(`${hostname} ${skip === undefined ? 'remove' : `chunk ${skip}`}`);
      if (skip === undefined) return Promise.resolve({ code: 0, stdout: '', stderr: '' });
      if (sick.loseAfter === chunks++) {
        return Promise.reject(new AppError(ErrorCode.ConnectionLost, 'lost'));
      }
      const from = Number(skip) * CHUNK_BYTES;
      const part = Buffer.from(packed.subarray(from, from + CHUNK_BYTES));
      if (sick.damaged) part[0] = (part[0] ?? 0) ^ 1;
      return Promise.resolve({ code: 0, stdout: part.toString('base64'), stderr: '' });
    },
    cancelRun: () => Promise.resolve(),
    ensureArtifacts: () => Promise.resolve({ sent: 0, bytes: 0 }),
  };
}

const take = () => new MockActivityEnvironment().run(() => takeSnapshot(deps, ref));
const all = () => db.store.snapshots.all(ref.clusterId);
async function readBack(from = 0): Promise<Buffer> {
  const opened = await openSnapshot(deps, ref.clusterId, 's1');
  const parts: Buffer[] = [];
  for await (const part of opened.read(from)) parts.push(part);
  return Buffer.concat(parts);
}

describe('taking a snapshot', () => {
  it('brings it here whole, with the keys, and leaves nothing on the machine', async () => {
    await take();
    expect(await all()).toMatchObject([
      { id: 's1', complete: true, chunks: 3, size: data.length, revision: '7', node: 'node-1' },
    ]);
    expect((await readBack()).equals(packed)).toBe(true);
    expect((await openSnapshot(deps, ref.clusterId, 's1')).keys).toBe(KEYS);
    expect(calls.at(-1)).toBe('node-1 remove');
    const due = await db.store.clusters.snapshotsDue(new Date(), { limit: 1000 });
    expect(due.items.map(({ id }) => id)).not.toContain(ref.clusterId);
    // Again, by a worker that did not hear of it: nothing is done.
    calls = [];
    await take();
    expect(calls).toEqual([]);
  });

  it('is read from anywhere, as a transfer that was cut goes on', async () => {
    await take();
    for (const from of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5, packed.length]) {
      expect((await readBack(from)).equals(packed.subarray(from)), String(from)).toBe(true);
    }
  });

  it('lies in the database sealed: neither its bytes nor the keys can be found there', async () => {
    await take();
    const database = db.client.db(db.database);
    const stored = await database.collection('snapshotChunks').find().toArray();
    const bytes = stored.map((each) => (each['sealed'] as { buffer: Buffer }).buffer);
    const probe = packed.subarray(1_000, 1_064);
    expect(bytes.some((each) => Buffer.from(each).includes(probe))).toBe(false);
    const secrets = await database.collection('secrets').find().toArray();
    expect(JSON.stringify(secrets)).not.toContain(KEYS);
  });

  it('goes on where the connection was cut: no chunk is fetched twice', async () => {
    sick = { loseAfter: 2 };
    await db.store.nodes.setStatus(ref.clusterId, 'node-2', 'READY');
    await db.store.nodes.remove(ref.clusterId, 'node-2');
    await expect(take()).rejects.toMatchObject({ code: 'ConnectionLost' });
    sick = {};
    calls = [];
    await take();
    expect(calls.filter((call) => call.includes('chunk'))).toEqual(['node-1 chunk 2']);
    expect((await readBack()).equals(packed)).toBe(true);
  });

  it('is taken on another control plane where etcd is not healthy', async () => {
    sick = { unhealthy: 'node-1' };
    await take();
    expect(await all()).toMatchObject([{ node: 'node-2', complete: true }]);
  });

  it('is not kept when it did not arrive as it was sent', async () => {
    sick = { damaged: true };
    await expect(take()).rejects.toMatchObject({ code: 'ArtifactCorrupt' });
    expect((await all()).filter(({ complete }) => complete)).toEqual([]);
  });

  it('can still be opened after the master key was exchanged', async () => {
    await take();
    const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const both = createVault({ masterKey: [fresh, old] });
    await db.store.secrets.rewrite((owner, sealed) =>
      owner === ref.clusterId ? both.reseal(owner, sealed) : sealed,
    );
    const renewed = { ...deps, vault: createVault({ masterKey: fresh }) };
    const opened = await openSnapshot(renewed, ref.clusterId, 's1');
    const hash = createHash('sha256');
    for await (const part of opened.read()) hash.update(part);
    expect(hash.digest('hex')).toBe(sum(packed));
  });
});

describe('by the clock', () => {
  const hour = (text: string) => new Date(`2030-01-01T${text}:00.000Z`);
  const due = async (now: Date): Promise<string[]> => {
    const told: string[] = [];
    const notify = (_project: string, name: string) => Promise.resolve(told.push(name));
    const clock = { ...deps, workflows: { notify } };
    let after: { dueAt: string; id: string } | undefined;
    do {
      const page = await askDueSnapshots(clock, {
        ...{ now, limit: 2 },
        ...(after === undefined ? {} : { after }),
      });
      after = page.next;
    } while (after !== undefined);
    return told;
  };

  it('asks each cluster that is due once an hour, whatever page it is on, and no other', async () => {
    await db.store.clusters.setApplied(ref.clusterId, { created: true });
    expect(await due(hour('10:05'))).toContain(ref.name);
    expect(await due(hour('10:50'))).not.toContain(ref.name);
    const taken = { ids: ['auto-2030-01-01-10'], tasksetId: ref.tasksetId };
    await db.store.clusters.takeAsked(ref.clusterId, taken);
    const failed = { tasksetId: ref.tasksetId, done: [], well: false };
    await db.store.clusters.endAsked(ref.clusterId, failed);
    expect(await due(hour('10:59'))).not.toContain(ref.name);
    expect(await due(hour('11:01'))).toContain(ref.name);
    await db.store.clusters.noteSnapshot(ref.clusterId, hour('11:02').toISOString());
    expect(await due(hour('12:00'))).not.toContain(ref.name);
  });

  it('asks nobody who is half restored', async () => {
    const restoring = { id: 'r', args: { snapshot: 's' } };
    await db.store.clusters.setApplied(ref.clusterId, { created: true, restoring });
    expect(await due(hour('13:00'))).not.toContain(ref.name);
  });
});

describe('pruning', () => {
  it("keeps what the cluster's policy says, and what is to be restored", async () => {
    const of = desired(ref.name, [node(1), node(2, { roles: ['ControlPlane'] })]);
    of.metadata.annotations = { [SNAPSHOT_ANNOTATIONS.keep]: '2' };
    await db.store.clusters.apply({ project, name: ref.name, desired: of, secretsHash: 'h' });
    const hour = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString();
    for (const [index, id] of ['s0', 's1', 's2', 's3'].entries()) {
      await db.store.snapshots.begin({
        ...{ id, clusterId: ref.clusterId, createdAt: hour(index), node: 'node-1', chunks: 1 },
        ...{ kubernetesVersion: 'v1.34.4', size: 1, sha256: 'a', packedSize: 1, packedSha256: 'b' },
      });
      await db.store.secrets.put(ref.clusterId, `snapshot:${id}`, 'sealed');
      await db.store.snapshots.complete(ref.clusterId, id);
    }
    await db.store.clusters.ask(project, ref.name, {
      ...{ id: 'r1', kind: AskedKind.Restore, args: { snapshot: 's3' } },
    });
    await pruneSnapshots(deps, ref);
    expect((await all()).map(({ id }) => id)).toEqual(['s0', 's1', 's3']);
    // A retry does it again.
    await db.store.clusters.takeAsked(ref.clusterId, { ids: ['r1'], tasksetId: 't1' });
    const failed = { tasksetId: 't1', done: [], well: false };
    await db.store.clusters.endAsked(ref.clusterId, failed);
    await pruneSnapshots(deps, ref);
    expect((await all()).map(({ id }) => id)).toEqual(['s0', 's1', 's3']);
    expect(await db.store.secrets.get(ref.clusterId, 'snapshot:s2')).toBeUndefined();
  });
});
