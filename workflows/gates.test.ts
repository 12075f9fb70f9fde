import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { NodeTask } from '../core/plan.js';
import type { Gate, NodePath } from '../core/steps.js';
import { Gates } from './gates.js';

const tasksOf = (paths: Record<string, NodePath>): NodeTask[] =>
  Object.entries(paths).map(([hostname, path]) => ({ hostname, path }));

const upgrade = tasksOf({
  c1: 'upgrade-control-plane',
  c2: 'upgrade-first',
  w1: 'upgrade-worker',
  w2: 'upgrade-worker',
  w3: 'upgrade-worker',
});
const names = (gates: Gates): string[] => gates.take().map(({ hostname }) => hostname);

function arriveAll(gates: Gates, tasks: readonly NodeTask[], gate: Gate): void {
  for (const { hostname } of tasks) gates.arrive(hostname, gate);
}

describe('the turns of an upgrade', () => {
  it('are the first control plane, the others one by one, then workers, some at a time', () => {
    const gates = new Gates(upgrade, { workersAtOnce: 2 });
    arriveAll(gates, upgrade, 'upgrade-turn');
    expect(names(gates)).toEqual(['c2']);
    expect(gates.hasNews).toBe(false);
    gates.end('c2', false);
    expect(names(gates)).toEqual(['c1']);
    gates.end('c1', false);
    expect(names(gates)).toEqual(['w1', 'w2']);
    gates.end('w2', false);
    expect(names(gates)).toEqual(['w3']);
    gates.end('w1', false);
    gates.end('w3', false);
    expect(gates.allEnded).toBe(true);
  });

  it('begin when everybody has what it needs, or has ended', () => {
    const gates = new Gates(upgrade, { workersAtOnce: 2, prefetchedFirst: 50 });
    arriveAll(gates, upgrade.slice(0, 4), 'upgrade-turn');
    expect(gates.hasNews).toBe(false);
    // It could not be prepared: its own affair.
    gates.end('w3', true);
    expect(names(gates)).toEqual(['c2']);
    gates.end('c2', false);
    expect(names(gates)).toEqual(['c1']);
  });

  it('begin when all that are at work at once have what they need: the others start when these end', () => {
    const gates = new Gates(upgrade, { prefetchedFirst: 3 });
    arriveAll(gates, upgrade.slice(0, 2), 'upgrade-turn');
    expect(gates.hasNews).toBe(false);
    gates.arrive('w1', 'upgrade-turn');
    expect(names(gates)).toEqual(['c2']);
  });

  it('go on where another run of the operation began them', () => {
    const gates = new Gates(upgrade, { prefetchedFirst: 50 });
    gates.end('c2', false);
    gates.resume({ controlPlaneUp: true });
    gates.arrive('c1', 'upgrade-turn');
    expect(names(gates)).toEqual(['c1']);
  });

  it('wait for a control plane that is not there yet', () => {
    const gates = new Gates(upgrade, { workersAtOnce: 2 });
    gates.arrive('w1', 'upgrade-turn');
    gates.arrive('c1', 'upgrade-turn');
    expect(gates.hasNews).toBe(false);
  });

  it.each([
    ['a control plane that failed before its turn', 'c1', false],
    ['a control plane that failed', 'c2', true],
  ])('end with %s', (_, failing, hasTurn) => {
    const gates = new Gates(upgrade, { workersAtOnce: 2 });
    arriveAll(gates, upgrade, 'upgrade-turn');
    expect(names(gates)).toEqual(['c2']);
    gates.end(failing, true);
    if (!hasTurn) gates.end('c2', false);
    const blocked = gates.take();
    expect(blocked.length).toBeGreaterThan(2);
    expect(blocked.every(({ blockedBy }) => blockedBy === `the upgrade of ${failing} failed`)).toBe(
      true,
    );
  });

  it('end with a worker that failed in its turn, and go on without one that could not be prepared', () => {
    const workers = upgrade.slice(2);
    const gates = new Gates(workers, { workersAtOnce: 1 });
    gates.end('w1', true);
    arriveAll(gates, workers.slice(1), 'upgrade-turn');
    expect(gates.take()).toEqual([{ hostname: 'w2', gate: 'upgrade-turn' }]);
    gates.end('w2', true);
    expect(gates.take()).toMatchObject([{ hostname: 'w3', blockedBy: 'the upgrade of w2 failed' }]);
  });

  it('never let more go on than they may, whatever comes in whatever order', () => {
    const prefetched = fc.constantFrom(0, 50);
    const events = fc.array(fc.tuple(fc.nat(), fc.constantFrom('arrive', 'end'), fc.nat(9)));
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 3 }), prefetched, (list, atOnce, first) => {
        const gates = new Gates(upgrade, { workersAtOnce: atOnce, prefetchedFirst: first });
        const open = new Set<string>();
        const arrived = new Set<string>();
        const live = new Set(upgrade.map(({ hostname }) => hostname));
        for (const [index, event, luck] of list) {
          const task = upgrade[index % upgrade.length];
          if (task === undefined || !live.has(task.hostname)) continue;
          if (event === 'arrive' && !open.has(task.hostname)) {
            gates.arrive(task.hostname, 'upgrade-turn');
            arrived.add(task.hostname);
          }
          if (event === 'end') {
            gates.end(task.hostname, luck === 0);
            live.delete(task.hostname);
            open.delete(task.hostname);
          }
          for (const { hostname, blockedBy } of gates.take()) {
            if (blockedBy === undefined) open.add(hostname);
          }
          const controlPlanes = [...open].filter((name) => name.startsWith('c'));
          expect(open.size).toBeLessThanOrEqual(controlPlanes.length > 0 ? 1 : atOnce);
          if (first > 0 && open.size > 0 && controlPlanes.length === open.size) {
            expect([...live].filter((name) => !arrived.has(name))).toEqual([]);
          }
        }
        // Whatever has happened, the rest comes to its end.
        for (const hostname of live)
          if (!open.has(hostname)) gates.arrive(hostname, 'upgrade-turn');
        for (let turns = 0; live.size > 0 && turns <= upgrade.length; turns += 1) {
          for (const { hostname } of gates.take()) open.add(hostname);
          for (const hostname of open) {
            gates.end(hostname, false);
            live.delete(hostname);
          }
          open.clear();
        }
        expect(gates.allEnded).toBe(true);
      }),
    );
  });
});

describe('the turns of joining control planes', () => {
  const tasks = tasksOf({ m1: 'leader', m2: 'control-plane', m3: 'control-plane', w1: 'worker' });

  it('begin with the first one up, and go on one at a time', () => {
    const gates = new Gates(tasks);
    gates.arrive('m3', 'join-turn');
    gates.arrive('m2', 'join-turn');
    gates.arrive('w1', 'api-up');
    expect(gates.hasNews).toBe(false);
    gates.done('m1', 'kubeadm-init');
    expect(names(gates)).toEqual(['m3', 'w1']);
    gates.done('m3', 'kubeadm-join-control-plane');
    expect(names(gates)).toEqual(['m2']);
  });

  it('never come when the first one does not come up', () => {
    const gates = new Gates(tasks);
    gates.arrive('w1', 'api-up');
    gates.end('m1', true);
    expect(gates.take()).toEqual([
      { hostname: 'w1', gate: 'api-up', blockedBy: 'the first control plane m1 did not come up' },
    ]);
  });
});

describe('the turns of control planes that join', () => {
  it('pass by one that ended before its own came', () => {
    const joining = tasksOf({ m1: 'leader', m2: 'control-plane', m3: 'control-plane' });
    const gates = new Gates(joining);
    arriveAll(gates, joining.slice(1), 'join-turn');
    gates.end('m2', true);
    gates.done('m1', 'kubeadm-init');
    expect(names(gates)).toEqual(['m3']);
  });
});
