import { describe, expect, it } from 'vitest';

import type { OperationPlan } from '../core/plan.js';
import {
  nodesDetails,
  nodeSummary,
  operationDetails,
  operationSummary,
  stepsDetails,
  tasksetDetails,
} from './details.js';

const creation: OperationPlan = {
  name: 'ClusterCreation',
  reason: 'the cluster does not exist yet',
  nodes: [
    { hostname: 'm1', path: 'leader' },
    { hostname: 'm2', path: 'worker' },
    { hostname: 'm3', path: 'worker' },
  ],
  leave: [],
  clusterSteps: ['check-in'],
};

describe('summaries', () => {
  it('say in a line what it is about', () => {
    expect(nodeSummary({ hostname: 'm2', path: 'worker' })).toBe(
      'm2: a worker, from a bare machine to Ready',
    );
    expect(operationSummary('edge', creation)).toBe(
      'ClusterCreation of edge: the cluster does not exist yet',
    );
  });

  it('are never longer than Temporal takes', () => {
    const long = operationSummary('edge', { ...creation, reason: 'x'.repeat(300) });
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(200);
  });
});

describe('the details of an operation', () => {
  it('say what becomes of which machine', () => {
    expect(operationDetails({ ...creation, leave: ['m9'] }).split('\n')).toEqual([
      '**Why:** the cluster does not exist yet',
      '',
      '- m9: drained and taken out of the cluster',
      '- m1: the first control plane, from a bare machine to Ready',
      '- m2, m3: a worker, from a bare machine to Ready',
      '- the cluster: Check in with the API server, revoke the join tokens',
      '',
      'Each machine has a workflow of its own, see Relationships.',
    ]);
  });

  it('stay short for a thousand machines', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => ({
      hostname: `machine-${index}`,
      path: 'worker' as const,
    }));
    expect(operationDetails({ ...creation, nodes })).toContain('machine-19 and 980 more: a worker');
  });

  it('count the machines', () => {
    expect(nodesDetails(4, { atWork: ['m2'], failed: ['m3'], ended: 2 })).toBe(
      '**1 of 4 machines done**\n\n- at work: m2\n- **failed:** m3',
    );
    expect(nodesDetails(90, { atWork: [], failed: [], ended: 60, prefetching: true })).toContain(
      '**60 of 90 machines have their files**',
    );
  });
});

describe('the details of a taskset', () => {
  const sync: OperationPlan = { ...creation, name: 'BlueprintSync', reason: 'first sync' };
  const work = { tasksetId: 'abc1234', operations: [creation, sync], finished: [] };

  it('tell what runs and what comes', () => {
    expect(tasksetDetails(work, [], 0).split('\n').slice(2)).toEqual([
      '- ▶ **ClusterCreation: the cluster does not exist yet**',
      '- BlueprintSync: first sync',
    ]);
  });

  it('tell what an earlier run had finished, and what failed, in the words of machines', () => {
    const failed = { index: 1, failed: true, errorSummary: 'no `route` to *m3*' };
    expect(
      tasksetDetails({ ...work, finished: [0] }, [failed])
        .split('\n')
        .slice(2),
    ).toEqual([
      '- ✓ ClusterCreation: the cluster does not exist yet',
      "- ✗ **BlueprintSync: first sync**: `no 'route' to *m3*`",
    ]);
  });
});

describe('the details of a machine', () => {
  const task = { hostname: 'm2', path: 'worker' } as const;
  const lines = (more: Partial<Parameters<typeof stepsDetails>[1]>): string[] =>
    stepsDetails(task, { begun: new Set(), ended: new Set(), ...more }).split('\n');

  it('are its steps, each with what became of it', () => {
    const begun = new Set(['claim', 'artifacts'] as const);
    const [title, , ...steps] = lines({ begun, ended: new Set(['claim']) });
    expect(title).toBe('**m2: a worker, from a bare machine to Ready**');
    expect(steps.slice(0, 3)).toEqual([
      '1. ✓ Claim the machine and record what was there',
      '2. ▶ **Send what the machine lacks**',
      '3. Prepare the operating system',
    ]);
  });

  it('say what it waits for', () => {
    expect(lines({ waitsFor: 'api-up' })).toContain(
      '9. Join the cluster: waits for the first control plane to answer',
    );
  });

  it('say what failed, with the last lines as they were', () => {
    const failure = {
      ...{ node: 'm2', step: 'kubeadm-join', command: 'kubeadm join', exitCode: 1 },
      ...{ hint: 'open port 6443', lastLines: ['no ```route```'] },
    };
    const all = lines({ failed: { step: 'kubeadm-join', message: 'it failed', failure } });
    expect(all).toContain('9. ✗ **Join the cluster**');
    expect(all.slice(all.indexOf('**it failed**'))).toEqual([
      ...['**it failed**', '', '- command: `kubeadm join`', '- exit code: 1'],
      ...['- what to do: open port 6443', '', '```', "no '''route'''", '```'],
    ]);
  });
});
