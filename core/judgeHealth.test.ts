import { describe, expect, it } from 'vitest';

import type { Look, LookFailure, NodeObservation, WatchedNode } from './health.js';
import { nextLookInMs } from './health.js';
import { judgeHealth } from './judgeHealth.js';
import type { NodeStatus } from './words.js';

const known = (hostname: string, set: Partial<WatchedNode> = {}): WatchedNode => ({
  ...{ hostname, status: 'READY', joined: true, leaving: false, privateIP: '10.0.0.1', ...set },
});
const listed = (hostname: string, set: Partial<NodeObservation> = {}): NodeObservation => ({
  ...{ hostname, ready: 'True', reason: 'KubeletReady', message: '', version: 'v1.34.4' },
  ...{ addresses: [], cordoned: false, pressures: [], ...set },
});
const dead = (hostname: string) =>
  listed(hostname, {
    ready: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  });
const seen = (nodes: NodeObservation[], set: Partial<Look> = {}): Look => ({
  ...{ at: '2026-11-26T06:00:00.000Z', through: 'm1', nodes, failures: [] },
  etcd: [{ name: 'm1', healthy: true, learner: false }],
  ...set,
});
const failure = (hostname: string, kind: LookFailure['kind']): LookFailure => ({
  ...{ hostname, kind, message: `${hostname} cannot be reached: no SSH login within 20 s` },
});
const blind = (...failures: LookFailure[]): Look => ({ at: '2026-11-26T06:00:00.000Z', failures });

const judge = (look: Look, nodes = [known('m1'), known('m2')], suspects: string[] = []) =>
  judgeHealth({ look, nodes, suspects });
const statuses = (of: ReturnType<typeof judge>): Record<string, NodeStatus> =>
  Object.fromEntries(of.nodes.map(({ hostname, status }) => [hostname, status]));

describe('what an API server says', () => {
  it('makes a cluster Ready whose nodes all are', () => {
    const all = judge(seen([listed('m1'), listed('m2')]));
    expect(statuses(all)).toEqual({ m1: 'READY', m2: 'READY' });
    expect(all.ready).toEqual({ status: 'True', reason: 'blueprint synced' });
    expect(all.suspects).toEqual([]);
  });

  it('counts at once: a node whose kubelet is silent is named, with the reason', () => {
    const one = judge(seen([listed('m1'), dead('m2')]));
    expect(statuses(one)).toEqual({ m1: 'READY', m2: 'NOT_READY' });
    expect(one.ready).toEqual({
      status: 'False',
      reason: 'm2 is not Ready: Kubelet stopped posting node status',
    });
  });

  it.each([
    [{ ready: 'False', reason: 'KubeletNotReady', message: 'runtime is down' }, 'runtime is down'],
    [{ ready: 'False', reason: 'KubeletNotReady', message: '' }, 'KubeletNotReady'],
    [{ ready: 'Unknown', reason: '', message: '' }, 'no reason given'],
  ] as const)('gives the best reason there is: %j', (set, reason) => {
    expect(judge(seen([listed('m1'), listed('m2', set)])).ready?.reason).toBe(
      `m2 is not Ready: ${reason}`,
    );
  });

  it('names a node of which there is no object any more', () => {
    const one = judge(seen([listed('m1')]));
    expect(statuses(one)['m2']).toBe('NOT_READY');
    expect(one.ready?.reason).toContain('m2 is not Ready: the API server does not know the node');
  });

  it('says nothing of nodes that have not joined or are on their way out', () => {
    const nodes = [known('m1'), known('m2', { joined: false }), known('m3', { leaving: true })];
    const one = judge(seen([listed('m1')]), nodes);
    expect(statuses(one)).toEqual({ m1: 'READY' });
    expect(one.ready?.status).toBe('True');
  });

  it('names a node that an operation has left as failed where it is dead, and only there', () => {
    const nodes = [known('m1'), known('m2', { status: 'FAILED' })];
    const one = judge(seen([listed('m1'), dead('m2')]), nodes);
    expect(one.ready?.status).toBe('False');
    expect(one.ready?.reason).toContain('m2 is not Ready');
    expect(judge(seen([listed('m1'), listed('m2')]), nodes).ready?.status).toBe('True');
  });

  it('names the first of many, and how many more', () => {
    const names = Array.from({ length: 8 }, (_, index) => `w${index}`);
    const { ready } = judge(
      seen(names.map(dead)),
      names.map((name) => known(name)),
    );
    expect(ready?.reason).toContain('w4 is not Ready');
    expect(ready?.reason).not.toContain('w5');
    expect(ready?.reason).toMatch(/\. And 3 more$/);
  });
});

describe("etcd's members", () => {
  const silent = seen([listed('m1'), listed('m2')], {
    etcd: [
      { name: 'm1', healthy: true, learner: false },
      { name: 'm2', healthy: false, learner: false },
    ],
  });

  it('count once two looks in a row have found one silent', () => {
    const first = judge(silent);
    expect(first.ready).toBeUndefined();
    expect(first.suspects).toEqual(['etcd:m2']);
    const second = judge(silent, undefined, first.suspects);
    expect(second.ready).toEqual({
      status: 'False',
      reason: 'the etcd member m2 does not answer',
    });
    expect(statuses(second)).toEqual({ m1: 'READY', m2: 'READY' });
  });

  it('that cannot be asked on the machine mean that the one there is silent', () => {
    const { etcd: _none, ...look } = silent;
    expect(judge(look, undefined, ['etcd:m1']).ready?.reason).toContain('etcd member m1');
  });
});

describe('a look that no API server answers', () => {
  it('says nothing the first time', () => {
    const first = judge(blind(failure('m1', 'unreachable')));
    expect(first).toEqual({ nodes: [], ready: undefined, suspects: ['unreachable:m1'] });
  });

  it('the second time makes the control plane NOT_READY and the cluster less than Ready; of workers nothing is known', () => {
    const second = judge(blind(failure('m1', 'unreachable')), undefined, ['unreachable:m1']);
    expect(statuses(second)).toEqual({ m1: 'NOT_READY' });
    expect(second.ready?.status).toBe('False');
    expect(second.ready?.reason).toBe(
      'no control plane answers: m1 cannot be reached: no SSH login within 20 s',
    );
  });

  it('leaves a node as it is whose machine answers and whose API server does not', () => {
    const second = judge(blind(failure('m1', 'api')), undefined, ['api:m1']);
    expect(second.nodes).toEqual([]);
    expect(second.ready?.status).toBe('False');
  });

  it('is no verdict on the cluster where only we are not let in', () => {
    const second = judge(blind(failure('m1', 'refused')), undefined, ['refused:m1']);
    expect(second.nodes).toEqual([]);
    expect(second.ready?.status).toBe('Unknown');
    expect(second.ready?.reason).toContain('the cluster cannot be looked at: m1');
  });

  it('waits until all control planes are sure', () => {
    const look = blind(failure('m1', 'unreachable'), failure('m2', 'api'));
    const one = judge(look, undefined, ['unreachable:m1']);
    expect(statuses(one)).toEqual({ m1: 'NOT_READY' });
    expect(one.ready).toBeUndefined();
  });
});

describe('the next look', () => {
  it.each([
    ['all is well', { failures: 0, suspects: [] }, 30_000],
    ['something is to be confirmed', { failures: 1, suspects: ['unreachable:m1'] }, 10_000],
    ['an etcd member is to be confirmed', { failures: 0, suspects: ['etcd:m1'] }, 10_000],
    ['it is confirmed', { failures: 2, suspects: ['unreachable:m1'] }, 30_000],
    ['nobody answers for long', { failures: 30, suspects: ['unreachable:m1'] }, 60_000],
  ])('when %s', (_, of, ms) => {
    expect(nextLookInMs(of)).toBe(ms);
  });
});
