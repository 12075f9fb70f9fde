import { expect, test } from 'vitest';

import { clusterState, type ClusterState, type StateOf } from './clusterState.js';
import { CommonConditionStatus, ConditionType, ProvisionStatus } from './words.js';

const { NotSet, Submitted, Ok, Failed } = CommonConditionStatus;
const common = (conditionStatus: CommonConditionStatus, reason = 'why') => ({
  commonStatus: { conditionStatus, reason },
});
const done = { provisionStatus: ProvisionStatus.Complete, conditions: [] };
const notReady = { type: ConditionType.Ready, status: 'False', reason: 'm2 is away' } as const;

test.each<[ClusterState, string, StateOf]>([
  ['READY', 'why', { ...common(Ok), ...done }],
  ['DEGRADED', 'm2 is away', { ...common(Ok), ...done, conditions: [notReady] }],
  ['WORKING', 'why', { ...common(Submitted), ...done, conditions: [notReady] }],
  ['WORKING', 'why', { ...common(NotSet), ...done }],
  ['FAILED', 'why', { ...common(Failed), ...done, conditions: [notReady] }],
  ['DELETING', 'why', { ...common(Submitted), ...done, deleting: true }],
  [
    'DELETING',
    'why',
    { ...common(Submitted), ...done, provisionStatus: ProvisionStatus.DeletionInProgress },
  ],
  ['FAILED', 'why', { ...common(Failed), ...done, deleting: true }],
])('%s', (state, reason, of) => {
  expect(clusterState(of)).toEqual({ state, reason });
});
