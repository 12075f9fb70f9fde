import { describe, expect, it } from 'vitest';

import type { NodeTask } from '../core/plan.js';
import { nodePaths } from '../core/steps.js';
import { blockingChain, criticalPath, type TimedStep } from './criticalPath.js';

const tasks = [
  { hostname: 'm1', path: 'leader' as const },
  { hostname: 'm2', path: 'worker' as const },
];
const timed = (hostname: string, step: TimedStep['step'], from: number, to: number): TimedStep => ({
  hostname,
  step,
  startedAt: from * 1000,
  endedAt: to * 1000,
});

describe('criticalPath', () => {
  it('adds up the steps that had to follow one another and leaves out the gaps between them', () => {
    const path = criticalPath(tasks.slice(0, 1), [
      timed('m1', 'claim', 0, 1),
      timed('m1', 'artifacts', 1.5, 9),
      timed('m1', 'os-prepare', 2, 3),
      timed('m1', 'packages', 3, 5),
      timed('m1', 'container-runtime', 5, 6),
      timed('m1', 'api-endpoint', 6, 7),
      timed('m1', 'images', 10, 12),
    ]);
    expect(path.chain.map(({ step }) => step)).toEqual(['claim', 'artifacts', 'images']);
    expect(path.seconds).toBe(1 + 7.5 + 2);
  });

  it("follows a worker's join back to the first control plane", () => {
    const path = criticalPath(tasks, [
      timed('m1', 'images', 0, 5),
      timed('m1', 'kubeadm-init', 5, 20),
      timed('m2', 'images', 0, 8),
      timed('m2', 'kubeadm-join', 21, 24),
    ]);
    expect(path.chain.map(({ hostname, step }) => `${hostname} ${step}`)).toEqual([
      'm1 images',
      'm1 kubeadm-init',
      'm2 kubeadm-join',
    ]);
    expect(path.seconds).toBe(23);
  });

  it('puts the cluster steps after the last node', () => {
    const path = criticalPath(tasks, [
      timed('m1', 'node-ready', 0, 2),
      timed('m2', 'node-ready', 0, 7),
      timed('m1', 'check-in', 8, 9),
      timed('m1', 'node-metadata', 9, 10),
      timed('m1', 'namespace-sync', 11, 12),
    ]);
    expect(path.seconds).toBe(10);
  });
});

describe('criticalPath of day two', () => {
  it('follows the turns of an upgrade', () => {
    const tasks: NodeTask[] = [
      { hostname: 'm1', path: 'upgrade-first' },
      { hostname: 'm2', path: 'upgrade-worker' },
      { hostname: 'm3', path: 'upgrade-worker' },
    ];
    // Fetched beforehand in a second each, on m2 in five; then m1, m3, m2, a second a step.
    const order = { m1: 10, m3: 20, m2: 30 };
    const steps = tasks.flatMap(({ hostname, path }) => {
      const list = nodePaths[path];
      const turn = list.findIndex(({ gate }) => gate !== undefined);
      const from = order[hostname as keyof typeof order];
      return list.map(({ name }, index) => {
        const at = index < turn ? index : from + index - turn;
        const isSlow = hostname === 'm2' && name === 'images';
        return timed(hostname, name, at, at + (isSlow ? 5 : 1));
      });
    });
    const path = criticalPath(tasks, steps);
    const turns = path.chain.filter(({ step }) => step === 'uncordon');
    expect(turns.map(({ hostname }) => hostname)).toEqual(['m1', 'm3', 'm2']);
    const own = nodePaths['upgrade-first'].length + 2 * (nodePaths['upgrade-worker'].length - 3);
    expect(path.seconds).toBe(own + 4);
  });

  it('lets a node leave before it is cleaned', () => {
    const path = criticalPath(
      [{ hostname: 'm3', path: 'clean' }],
      [
        timed('m1', 'etcd-member-check', -1, -0.5),
        timed('m1', 'drain', 0, 3),
        timed('m1', 'etcd-member-remove', 3, 3.5),
        timed('m1', 'node-delete', 3.5, 4),
        timed('m3', 'reset', 5, 9),
        timed('m3', 'restore', 9, 11),
      ],
    );
    expect(path.seconds).toBe(10.5);
  });

  it('goes through the steps of leaving that there are: etcd is not asked about a plain worker', () => {
    const path = criticalPath(
      [{ hostname: 'm3', path: 'clean' }],
      [
        timed('m1', 'drain', 0, 3),
        timed('m1', 'node-delete', 3.5, 4),
        timed('m3', 'reset', 5, 9),
        timed('m3', 'restore', 9, 11),
      ],
    );
    expect(path.chain.map(({ step }) => step)).toEqual([
      'drain',
      'node-delete',
      'reset',
      'restore',
    ]);
    expect(path.seconds).toBe(9.5);
  });
});

describe('blockingChain', () => {
  it('goes back from the last end to the need that ended last, however short that was', () => {
    const chain = blockingChain(tasks, [
      timed('m1', 'images', 0, 5),
      timed('m1', 'kubeadm-init', 5, 20),
      timed('m2', 'images', 30, 31),
      timed('m2', 'kubeadm-join', 32, 34),
    ]);
    expect(chain.map(({ hostname, step }) => `${hostname} ${step}`)).toEqual([
      'm2 images',
      'm2 kubeadm-join',
    ]);
  });
});
