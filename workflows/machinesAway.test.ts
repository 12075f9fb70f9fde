import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { afterEach, expect, test, vi } from 'vitest';

import type { OperationInput } from './input.js';

const asked = vi.hoisted(() => ({
  hostnames: [] as string[],
  fail: (_: string): void => undefined,
}));
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  condition: () => Promise.resolve(),
}));
vi.mock('./proxies.js', () => ({
  contact: {
    gatherFacts: {
      executeWithOptions: (_: object, [{ hostname }]: [{ hostname: string }]) => {
        asked.hostnames.push(hostname);
        asked.fail(hostname);
        return Promise.resolve();
      },
    },
  },
}));
const { machinesAway } = await import('./machinesAway.js');

afterEach(() => {
  asked.hostnames = [];
});

const input = (set: Partial<OperationInput> = {}): OperationInput => ({
  ref: {
    ...{ project: 'p', name: 'c', clusterId: 'id', generation: 1, tasksetId: 't' },
    ...{ operation: 'ClusterDeletion', operationIndex: 0 },
  },
  plan: {
    ...{ name: 'ClusterDeletion', reason: '', leave: [], clusterSteps: [], force: true },
    nodes: ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'clean' })),
  },
  ...set,
});
function failed(cause: Error): ActivityFailure {
  return new ActivityFailure('failed', 'gatherFacts', '1', RetryState.TIMEOUT, 'w', cause);
}
const unreachable = failed(
  ApplicationFailure.create({ type: 'MachineUnreachable', message: 'm1 cannot be reached' }),
);

test('a machine that nobody had the time to ask is not said to be away', async () => {
  asked.fail = (hostname) => {
    if (hostname === 'm1') throw unreachable;
    if (hostname === 'm2') {
      throw failed(new TimeoutFailure('no worker', undefined, TimeoutType.SCHEDULE_TO_CLOSE));
    }
  };
  expect([...(await machinesAway(input()))]).toEqual([['m1', 'm1 cannot be reached']]);
});

test('a cancelled question is no answer', async () => {
  asked.fail = () => {
    throw failed(new CancelledFailure('by request'));
  };
  await expect(machinesAway(input())).rejects.toThrow(ActivityFailure);
});

test('what an earlier run has found out is not asked again', async () => {
  const away: [string, string][] = [['m2', 'm2 cannot be reached']];
  expect([...(await machinesAway(input({ away })))]).toEqual(away);
  expect(asked.hostnames).toEqual([]);
});

test('without force nobody is asked', async () => {
  const { force: _force, ...plan } = input().plan;
  expect((await machinesAway(input({ plan }))).size).toBe(0);
  expect(asked.hostnames).toEqual([]);
});
