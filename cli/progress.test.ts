import { describe, expect, test } from 'vitest';

import type { StepName } from '../core/steps.js';
import { OperationName, OperationStatus, TasksetStatus } from '../core/words.js';
import { Progress } from './progress.js';
import type { MachinePhase, Operation, Taskset } from '../core/phases.js';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** A deletion: three steps (reset, restore, release) on each machine. */
function taskset(
  steps: Partial<Record<StepName, MachinePhase[]>>,
  status: OperationStatus = OperationStatus.InProgress,
): Taskset {
  const nodes = new Map<string, Operation['nodes'][number]>();
  for (const [name, machines] of Object.entries(steps)) {
    for (const { hostname, ...step } of machines) {
      const node = nodes.get(hostname) ?? { hostname, path: 'clean', steps: [] };
      if (step.state !== 'pending') node.steps.push({ name: name as StepName, ...step });
      nodes.set(hostname, node);
    }
  }
  return {
    id: 'abc1234',
    status: TasksetStatus.InProgress,
    comments: '',
    operations: [
      {
        name: OperationName.ClusterDeletion,
        status,
        reason: 'the cluster is to be deleted',
        nodes: [...nodes.values()],
      },
    ],
  };
}

const done = (hostname: string, seconds: number): MachinePhase => ({
  hostname,
  state: 'done',
  startedAt: at(0),
  endedAt: at(seconds),
});
const running = (hostname: string): MachinePhase => ({
  hostname,
  state: 'running',
  startedAt: at(10),
});

describe('news', () => {
  test('a step is told when all its machines have ended it, with each one’s time', () => {
    const progress = new Progress();
    expect(progress.news(taskset({ reset: [done('m1', 1.5), running('m10')] }))).toEqual([]);
    expect(progress.news(taskset({ reset: [done('m1', 1.5), done('m10', 75)] }))).toEqual([
      'ClusterDeletion: the cluster is to be deleted',
      '==> [1/3] Stop and remove Kubernetes',
      '    m1   1.5 s',
      '    m10  1 min 15 s',
    ]);
  });

  test('nothing is told twice', () => {
    const progress = new Progress();
    const now = taskset({ reset: [done('m1', 1)] });
    expect(progress.news(now)).not.toEqual([]);
    expect(progress.news(now)).toEqual([]);
  });

  test('a failure tells the cause, the command, its last lines and what to do', () => {
    const failure = {
      node: 'm1',
      step: 'reset',
      message: 'a mount is busy',
      command: 'umount /var/lib/kubelet',
      exitCode: 32,
      lastLines: ['umount: target is busy'],
      hint: 'end what uses it',
    };
    const lines = new Progress().news(
      taskset({ reset: [{ ...done('m1', 12), state: 'failed', failure }] }),
    );
    expect(lines.slice(2)).toEqual([
      '    m1  FAILED after 12 s',
      '      m1: a mount is busy',
      '      command: umount /var/lib/kubelet (exit code 32)',
      '      | umount: target is busy',
      '      what to do: end what uses it',
    ]);
  });

  test('a step that verified as done says so', () => {
    const lines = new Progress().news(taskset({ reset: [{ hostname: 'm1', state: 'skipped' }] }));
    expect(lines.at(-1)).toBe('    m1  was done already');
  });

  test('when the operation has ended, steps that only some machines reached are told, the rest is not', () => {
    const lines = new Progress().news(
      taskset(
        { reset: [done('m1', 1), { hostname: 'm2', state: 'pending' }] },
        OperationStatus.Failed,
      ),
    );
    expect(lines.slice(1)).toEqual([
      '==> [1/3] Stop and remove Kubernetes',
      '    m1  1.0 s',
      '    m2  not started',
    ]);
  });

  test('a thousand machines are summed up, and the ones that failed are named', () => {
    const machines = Array.from({ length: 1000 }, (_, n) => done(`n${String(n)}`, 2));
    machines[7] = { hostname: 'n7', state: 'failed' };
    expect(new Progress().news(taskset({ reset: machines })).slice(2)).toEqual([
      '    1000 machines: 999 done, 1 failed (median 2.0 s, longest 2.0 s)',
      '    n7  FAILED',
    ]);
  });
});

test('the picture shows which machines are at which step and for how long', () => {
  const now = taskset({
    reset: [done('m1', 1), running('m2'), running('m3')],
    restore: [running('m1')],
  });
  expect(new Progress().live(now, 31_000)).toEqual([
    '    [1/3] Stop and remove Kubernetes: m2 m3 21 s, 1/3 done',
    '    [2/3] Restore what was there before: m1 21 s, 0/3 done',
  ]);
});
