import { expect, test } from 'vitest';

import { openDeployment, type Deployment } from './deployment.js';

interface Poller {
  identity: string;
  ago: number;
  buildId?: string;
  mode?: number;
  deploymentName?: string;
}

/** Temporal with these pollers, by its own clock, which is hours behind ours. */
function withPollers(workflows: Poller[], activities: Poller[] = []): Deployment {
  const now = Date.now() / 1000 - 7200;
  const shown = ({ identity, ago, buildId, mode = 2, deploymentName = 'plinth' }: Poller) => ({
    identity,
    lastAccessTime: { seconds: now - ago },
    deploymentOptions:
      buildId === undefined ? undefined : { buildId, deploymentName, workerVersioningMode: mode },
  });
  return of({
    describeTaskQueue: ({ taskQueueType }: { taskQueueType: number }) =>
      Promise.resolve({ pollers: (taskQueueType === 1 ? workflows : activities).map(shown) }),
  });
}

function of(workflowService: object): Deployment {
  return openDeployment({ workflowService } as never, { namespace: 'n', taskQueue: 'q' });
}

const read = (error: object) =>
  of({ describeWorkerDeployment: () => Promise.reject(Object.assign(new Error('no'), error)) });

test('a Temporal that knows no version of ours yet sends work to workers without one', async () => {
  expect(await read({ code: 5 }).read()).toEqual({ current: 'unversioned', versions: [] });
});

test.each([
  ['is too old for versions', 12],
  ['has them switched off', 7],
])('a Temporal that %s is told apart', async (_, code) => {
  expect(await read({ code }).read()).toBeUndefined();
});

test('a Temporal that does not answer is an error', async () => {
  await expect(read({ code: 14 }).read()).rejects.toThrow('no');
});

test('workers live for 90 s after they last asked, by the clock of the server', async () => {
  const deployment = withPollers(
    [
      { identity: '1@a', ago: 20, buildId: 'new' },
      { identity: '2@b', ago: 100, buildId: 'old' },
      { identity: '3@c', ago: 115, buildId: 'old' },
      { identity: '4@d', ago: 30 },
    ],
    [
      { identity: '1@a', ago: 25, buildId: 'new' },
      { identity: '3@c', ago: 30, buildId: 'old' },
    ],
  );
  expect(await deployment.workers()).toEqual([
    { buildId: 'new', identity: '1@a' },
    { buildId: 'old', identity: '2@b' },
    { buildId: 'unversioned', identity: '4@d' },
    { buildId: 'old', identity: '3@c' },
  ]);
});

test('a build id alone makes no version, nor does one of somebody else', async () => {
  const workers = await withPollers([
    { identity: '1@a', ago: 1, buildId: 'x', mode: 1 },
    { identity: '2@b', ago: 1, buildId: 'x', deploymentName: 'theirs' },
  ]).workers();
  expect(workers.map(({ buildId }) => buildId)).toEqual(['unversioned', 'unversioned']);
});
