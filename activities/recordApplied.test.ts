import { expect, test } from 'vitest';

import type { AppliedCluster } from '../core/records.js';
import { OperationName } from '../core/words.js';
import { fixtureCluster } from '../test/fixtures/cluster.js';
import type { ActivityDeps } from './deps.js';
import { recordApplied } from './recordApplied.js';

async function recorded(operation: OperationName): Promise<Partial<AppliedCluster>> {
  const found: Partial<AppliedCluster> = {};
  const setApplied = (_id: string, set: Partial<AppliedCluster>) =>
    Promise.resolve(void Object.assign(found, set));
  const { spec } = fixtureCluster();
  spec.systemComponentsPlacement = { nodeSelector: { of: 'a' } };
  await recordApplied(
    { store: { clusters: { setApplied } } } as unknown as ActivityDeps,
    {
      ...{ project: 'p', name: 'demo', clusterId: 'c', generation: 1, tasksetId: 't' },
      ...{ operation, operationIndex: 0 },
    },
    spec,
  );
  return found;
}

test('a creation leaves the sync after it to be done, whatever an earlier attempt had synced', async () => {
  expect(await recorded(OperationName.ClusterCreation)).toMatchObject({
    ...{ created: true, metadataBegun: false, blueprintBegun: true },
  });
});

test('a sync tells what is there, and where its workloads and those of the network go', async () => {
  expect(await recorded(OperationName.BlueprintSync)).toEqual({
    ...{ blueprint: { name: 'default' }, blueprintBegun: false },
    placement: '{"nodeSelector":{"of":"a"}}',
  });
});
