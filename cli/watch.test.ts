import { expect, test } from 'vitest';

import {
  CommonConditionStatus,
  OperationName,
  OperationStatus,
  TasksetStatus,
} from '../core/words.js';
import { CliError, type Client } from './client.js';
import { ExitCode } from './exitCodes.js';
import type { Taskset } from '../core/phases.js';
import { watchCluster } from './watch.js';

interface Look {
  condition: CommonConditionStatus;
  taskset?: Taskset;
}

/** A server whose answers follow one another; undefined: no such cluster. The last one stays. */
function serverThatAnswers(...looks: (Look | CliError | undefined)[]): Client {
  let current: Look | undefined;
  const notFound = new CliError('no such cluster', ExitCode.NotFound, [], 404);
  const next = (): Look => {
    const look = looks.length > 1 ? looks.shift() : looks[0];
    if (look instanceof CliError) throw look;
    if (look === undefined) throw notFound;
    current = look;
    return look;
  };
  return {
    getText: () => Promise.reject(notFound),
    send: () => Promise.reject(notFound),
    getJson: async <T>(path: string) => {
      if (path.includes('/tasksets/')) return current?.taskset as T;
      const { condition, taskset } = next();
      const lastTasksets = taskset === undefined ? [] : [{ tasksetId: taskset.id }];
      return { status: { commonStatus: { conditionStatus: condition }, lastTasksets } } as T;
    },
  };
}

function taskset(id: string, status: TasksetStatus): Taskset {
  const step = { name: 'reset', state: 'done' } as const;
  return {
    id,
    status,
    comments: '',
    operations: [
      {
        name: OperationName.ClusterDeletion,
        status: OperationStatus.InProgress,
        reason: id,
        nodes: [{ hostname: 'm1', path: 'clean', steps: [step] }],
      },
    ],
  };
}

async function watch(client: Client, requests?: AbortSignal) {
  const lines: string[] = [];
  const screen = {
    print: (news: readonly string[]) => void lines.push(...news),
    picture: () => undefined,
  };
  const { outcome } = await watchCluster({
    ...{ client, project: 'p', name: 'c', screen, everyMs: 1 },
    ...(requests === undefined ? {} : { requests }),
  });
  return { outcome, lines };
}

const { Submitted, Ok, Failed } = CommonConditionStatus;

test('it ends when the cluster is READY and its taskset is over', async () => {
  const client = serverThatAnswers(
    { condition: Submitted },
    { condition: Submitted, taskset: taskset('one', TasksetStatus.InProgress) },
    { condition: Ok, taskset: taskset('one', TasksetStatus.Complete) },
  );
  const { outcome, lines } = await watch(client);
  expect(outcome).toBe('ready');
  expect(lines[0]).toBe('ClusterDeletion: one');
});

test('a failed cluster ends it as failed', async () => {
  const client = serverThatAnswers({
    condition: Failed,
    taskset: taskset('one', TasksetStatus.Failed),
  });
  expect((await watch(client)).outcome).toBe('failed');
});

test('a cluster that is gone ends it as gone', async () => {
  expect((await watch(serverThatAnswers({ condition: Submitted }, undefined))).outcome).toBe(
    'gone',
  );
});

test('what was over before the change was asked for is not told again', async () => {
  const client = serverThatAnswers(
    { condition: Submitted, taskset: taskset('old', TasksetStatus.Complete) },
    { condition: Submitted, taskset: taskset('new', TasksetStatus.InProgress) },
    undefined,
  );
  const { lines } = await watch(client);
  expect(lines).toContain('ClusterDeletion: new');
  expect(lines).not.toContain('ClusterDeletion: old');
});

test('a server that is being restarted is waited for', async () => {
  const client = serverThatAnswers(new CliError('cannot be reached', ExitCode.Unavailable), {
    condition: Ok,
  });
  expect((await watch(client)).outcome).toBe('ready');
});

test('a look at a server that never answers ends with its requests', async () => {
  const pressed = new AbortController();
  const client: Client = {
    ...serverThatAnswers(undefined),
    getJson: (_path, { signal } = {}) =>
      new Promise((_done, fail) => {
        signal?.addEventListener('abort', () =>
          fail(new CliError('cannot be reached', ExitCode.Unavailable)),
        );
        pressed.abort();
      }),
  };
  expect((await watch(client, pressed.signal)).outcome).toBe('aborted');
});

test('a key that is refused ends it at once', async () => {
  const refused = new CliError('no', ExitCode.Denied, [], 401);
  await expect(watch(serverThatAnswers(refused))).rejects.toBe(refused);
});
