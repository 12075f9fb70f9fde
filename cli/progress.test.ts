import { describe, expect, test } from 'vitest';

import type { NodeStepDetails, TasksetDetails } from '../core/tasksetDetails.js';
import { OperationName, OperationStatus, TasksetStatus } from '../core/words.js';
import { Progress } from './progress.js';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

function details(
  steps: Record<string, NodeStepDetails[]>,
  operationStatus: OperationStatus = OperationStatus.InProgress,
): TasksetDetails {
  return {
    tasksetId: 'abc1234',
    sequence: 1,
    generation: 1,
    tasksetStatus: TasksetStatus.InProgress,
    comments: '',
    createdAt: at(0),
    tasksetOperations: [
      {
        operationName: OperationName.ClusterCreation,
        resourceName: 'demo',
        operationStatus,
        reason: 'the cluster is new',
        steps: Object.entries(steps).map(([title, nodes]) => ({
          step: 'claim',
          title,
          scope: 'node',
          nodes,
        })),
      },
    ],
  };
}

const done = (hostname: string, seconds: number): NodeStepDetails => ({
  hostname,
  state: 'done',
  startedAt: at(0),
  endedAt: at(seconds),
});

describe('news', () => {
  test('a step is told when all its machines have ended it, with each one’s time', () => {
    const progress = new Progress();
    const running = { hostname: 'm10', state: 'running', startedAt: at(0) } as const;
    expect(progress.news(details({ Claim: [done('m1', 1.5), running] }))).toEqual([]);
    expect(progress.news(details({ Claim: [done('m1', 1.5), done('m10', 75)] }))).toEqual([
      'ClusterCreation: the cluster is new',
      '==> [1/1] Claim',
      '    m1   1.5 s',
      '    m10  1 min 15 s',
    ]);
  });

  test('nothing is told twice', () => {
    const progress = new Progress();
    const now = details({ Claim: [done('m1', 1)] });
    progress.news(now);
    expect(progress.news(now)).toEqual([]);
  });

  test('steps are counted over the whole taskset', () => {
    const lines = new Progress().news(
      details({ Facts: [done('m1', 1)], Claim: [done('m1', 1)], Reset: [] }),
    );
    expect(lines.filter((line) => line.startsWith('==>'))).toEqual([
      '==> [1/3] Facts',
      '==> [2/3] Claim',
    ]);
  });

  test('a failure tells the cause, the command, its last lines and what to do', () => {
    const lines = new Progress().news(
      details({
        Init: [
          {
            hostname: 'm1',
            state: 'failed',
            startedAt: at(0),
            endedAt: at(12),
            failure: {
              node: 'm1',
              step: 'kubeadm-init',
              message: 'port 6443 is taken',
              command: 'kubeadm init',
              exitCode: 1,
              lastLines: ['bind: address in use'],
              hint: 'stop what listens on 6443',
            },
          },
        ],
      }),
    );
    expect(lines.slice(1)).toEqual([
      '==> [1/1] Init',
      '    m1  FAILED after 12 s',
      '      m1: port 6443 is taken',
      '      command: kubeadm init (exit code 1)',
      '      | bind: address in use',
      '      what to do: stop what listens on 6443',
    ]);
  });

  test('a step that verified as done says so', () => {
    const lines = new Progress().news(details({ Claim: [{ hostname: 'm1', state: 'skipped' }] }));
    expect(lines.at(-1)).toBe('    m1  was done already');
  });

  test('when the operation has ended, steps that only some machines reached are told, the rest is not', () => {
    const lines = new Progress().news(
      details(
        {
          Claim: [done('m1', 1), { hostname: 'm2', state: 'pending' }],
          Join: [{ hostname: 'm2', state: 'pending' }],
        },
        OperationStatus.Failed,
      ),
    );
    expect(lines.slice(1)).toEqual(['==> [1/2] Claim', '    m1  1.0 s', '    m2  not started']);
  });

  test('a thousand machines are summed up, and the ones that failed are named', () => {
    const nodes = Array.from({ length: 1000 }, (_, n) => done(`n${String(n)}`, 2));
    nodes[7] = { hostname: 'n7', state: 'failed' };
    expect(new Progress().news(details({ Claim: nodes })).slice(2)).toEqual([
      '    1000 machines: 999 done, 1 failed (median 2.0 s, longest 2.0 s)',
      '    n7  FAILED',
    ]);
  });
});

test('the picture shows which machines are at which step and for how long', () => {
  const running = (hostname: string) =>
    ({ hostname, state: 'running', startedAt: at(10) }) as const;
  const now = details({
    Claim: [done('m1', 1), running('m2'), running('m3')],
    Init: [running('m1')],
    Join: [{ hostname: 'm2', state: 'pending' }],
  });
  expect(new Progress().live(now, 31_000)).toEqual([
    '    [1/3] Claim: m2 m3 21 s, 1/3 done',
    '    [2/3] Init: m1 21 s',
  ]);
});
