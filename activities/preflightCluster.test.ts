import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ErrorCode } from '../core/errors.js';
import { NodeStatus, OperationName } from '../core/words.js';
import { stepDeps } from '../test/activities/stepDeps.js';
import { applyTo, node, project } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { preflightCluster } from './preflightCluster.js';

let db: TestDatabase;
let name: string;
let clusterId: string;
let count = 0;
beforeAll(async () => {
  db = await openTestDatabase();
}, 120_000);
afterAll(() => db.close());

/** Both have been machines of ours; the second one has joined. */
beforeEach(async () => {
  count += 1;
  name = `preflight-${String(count)}`;
  clusterId = (await applyTo(db.store)(name, [node(1), node(2)])).record.id;
  for (const [number, joined] of [
    [1, false],
    [2, true],
  ] as const) {
    const spec = node(number);
    const status = joined ? NodeStatus.Ready : NodeStatus.Provisioning;
    await db.store.nodes.upsert(clusterId, spec.hostname, { spec, claimed: true, joined, status });
  }
});

/** A preflight in which no machine answers. */
async function statuses(operation: OperationName): Promise<unknown> {
  const hostnames = ['node-1', 'node-2'];
  const unreachable = hostnames.map((hostname) => ({ hostname, message: 'it does not answer' }));
  const ref = { project, name, clusterId, generation: 1, tasksetId: 't', operation };
  const checked = preflightCluster(
    stepDeps(db.store, () => ({})),
    { ...ref, operationIndex: 0 },
    { hostnames, unreachable },
  );
  await expect(checked).rejects.toMatchObject({
    code: ErrorCode.PreflightFailed,
    message: expect.stringMatching(/node-1: .*it does not answer.*node-2: .*it does not answer/),
  });
  const nodes = await db.store.nodes.list(clusterId);
  return nodes.map(({ status, lastError }) => [status, lastError?.step]);
}

describe('what could not be reached', () => {
  it('is failed by a creation', async () => {
    expect(await statuses(OperationName.ClusterCreation)).toEqual([
      [NodeStatus.Failed, 'preflight'],
      [NodeStatus.Failed, 'preflight'],
    ]);
  });

  it('stays what it is where it had joined and a restore is refused: what is live says what that is', async () => {
    expect(await statuses(OperationName.ClusterRestore)).toEqual([
      [NodeStatus.Failed, 'preflight'],
      [NodeStatus.Ready, undefined],
    ]);
  });
});
