import { expect, test, vi } from 'vitest';

import type { Deployment, DeployedVersion, DeploymentState } from './deployment.js';
import { keepCurrent } from './keepCurrent.js';

type Status = DeployedVersion['status'];

interface World {
  current: string;
  ours?: Status;
  /** Versions whose workers poll. */
  alive: string[];
}

/** Temporal as far as it is asked here; what is made current is written down. */
function fakeTemporal(world: World) {
  const made: string[] = [];
  const deployment: Deployment = {
    read: vi.fn(() =>
      Promise.resolve<DeploymentState>({
        current: world.current,
        versions: world.ours === undefined ? [] : [{ buildId: 'ours', status: world.ours }],
        token: new Uint8Array([made.length]),
      }),
    ),
    workers: () => Promise.resolve(world.alive.map((buildId) => ({ buildId, identity: '1@h' }))),
    setCurrent: vi.fn((buildId: string) => {
      made.push(buildId);
      world.current = buildId;
      world.ours = 'current';
      return Promise.resolve();
    }),
  };
  return { deployment, made };
}

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

const untilLooked = (deployment: Deployment, looks: number): Promise<void> =>
  vi.waitFor(() => expect(vi.mocked(deployment.read).mock.calls.length).toBeGreaterThan(looks), {
    ...{ timeout: 10_000, interval: 1 },
  });

/** As many looks, and their ends, as settle it. */
async function after(looks: number, world: World) {
  const temporal = fakeTemporal(world);
  const seen: boolean[] = [];
  const observe = (isCurrent: boolean): void => void seen.push(isCurrent);
  const kept = keepCurrent(temporal.deployment, {
    ...{ buildId: 'ours', log, observe, lookMs: 5, absentMs: 0 },
  });
  await untilLooked(temporal.deployment, looks);
  kept.stop();
  return { ...temporal, seen };
}

test.each<[string, World, string[]]>([
  ['new takes over', { current: 'old', ours: 'new', alive: ['old', 'ours'] }, ['ours']],
  [
    'new takes over from workers without versions',
    { current: 'unversioned', ours: 'new', alive: ['unversioned', 'ours'] },
    ['ours'],
  ],
  ['current stays so', { current: 'ours', ours: 'current', alive: ['ours'] }, []],
  [
    'replaced takes nothing back from living workers',
    { current: 'other', ours: 'draining', alive: ['other', 'ours'] },
    [],
  ],
  [
    'replaced, and with nothing left to do, takes nothing back either',
    { current: 'other', ours: 'drained', alive: ['other', 'ours'] },
    [],
  ],
  [
    'replaced by workers without versions lets be what a person has chosen',
    { current: 'unversioned', ours: 'draining', alive: ['unversioned', 'ours'] },
    [],
  ],
  ['ramped up by a person lets be, too', { current: 'old', ours: 'ramping', alive: ['old'] }, []],
  [
    'replaced comes back where nobody else is left',
    { current: 'other', ours: 'draining', alive: ['ours'] },
    ['ours'],
  ],
])('a version that is %s', async (_, world, made) => {
  expect((await after(3, world)).made).toEqual(made);
});

test('one look that finds nobody is not enough to take work back', async () => {
  const world: World = { current: 'other', ours: 'draining', alive: ['ours'] };
  const { deployment, made } = fakeTemporal(world);
  const kept = keepCurrent(deployment, { buildId: 'ours', log, lookMs: 5, absentMs: 60_000 });
  await kept.settled;
  kept.stop();
  expect(made).toEqual([]);
});

test('workers that come back, and a Temporal that was away, begin the wait anew', async () => {
  vi.useFakeTimers();
  try {
    const world: World = { current: 'other', ours: 'draining', alive: ['ours'] };
    const { deployment, made } = fakeTemporal(world);
    const kept = keepCurrent(deployment, { buildId: 'ours', log, absentMs: 60_000 });
    await vi.advanceTimersByTimeAsync(50_000);
    world.alive = ['other', 'ours'];
    await vi.advanceTimersByTimeAsync(30_000);
    world.alive = ['ours'];
    await vi.advanceTimersByTimeAsync(50_000);
    vi.mocked(deployment.read).mockRejectedValueOnce(new Error('away'));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(made).toEqual([]);
    await vi.advanceTimersByTimeAsync(90_000);
    kept.stop();
    expect(made).toEqual(['ours']);
  } finally {
    vi.useRealTimers();
  }
});

test('a Temporal that is away is told once, and asked less and less often', async () => {
  vi.useFakeTimers();
  try {
    log.warn.mockClear();
    const { deployment } = fakeTemporal({ current: 'ours', ours: 'current', alive: ['ours'] });
    vi.mocked(deployment.read).mockRejectedValue(new Error('away'));
    const kept = keepCurrent(deployment, { buildId: 'ours', log });
    await vi.advanceTimersByTimeAsync(300_000);
    kept.stop();
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(vi.mocked(deployment.read).mock.calls.length).toBeLessThan(20);
  } finally {
    vi.useRealTimers();
  }
});

test('before Temporal knows our version nothing is changed', async () => {
  const { made, seen } = await after(2, { current: 'old', alive: ['old'] });
  expect({ made, seen }).toEqual({ made: [], seen: [] });
});

test('where somebody was faster it decides anew', async () => {
  const world: World = { current: 'old', ours: 'new', alive: ['old', 'ours'] };
  const { deployment } = fakeTemporal(world);
  vi.mocked(deployment.setCurrent).mockImplementationOnce(() => {
    world.current = 'faster';
    world.ours = 'draining';
    world.alive.push('faster');
    return Promise.reject(new Error('conflict token'));
  });
  const kept = keepCurrent(deployment, { buildId: 'ours', log, lookMs: 5 });
  await untilLooked(deployment, 3);
  kept.stop();
  expect(deployment.setCurrent).toHaveBeenCalledTimes(1);
  expect(log.warn).toHaveBeenCalledWith(
    { buildId: 'ours', error: 'Error: conflict token' },
    expect.stringContaining('trying again'),
  );
});

test('it is settled once work comes to our version, and not before', async () => {
  const world: World = { current: 'old', alive: ['old'] };
  const { deployment } = fakeTemporal(world);
  const kept = keepCurrent(deployment, { buildId: 'ours', log, lookMs: 5 });
  let settled = false;
  void kept.settled.then(() => (settled = true));
  await untilLooked(deployment, 2);
  expect(settled).toBe(false);
  world.ours = 'new';
  await kept.settled;
  kept.stop();
  expect(world.current).toBe('ours');
});

test('it is settled, too, where Temporal refuses', async () => {
  const { deployment } = fakeTemporal({ current: 'old', ours: 'new', alive: ['old'] });
  vi.mocked(deployment.setCurrent).mockRejectedValue(new Error('not allowed'));
  const kept = keepCurrent(deployment, { buildId: 'ours', log, lookMs: 5 });
  await expect(kept.settled).resolves.toBeUndefined();
  kept.stop();
});

test('a worker shows whether work comes to its version', async () => {
  const { seen } = await after(3, { current: 'old', ours: 'new', alive: ['old'] });
  expect(seen.slice(0, 2)).toEqual([false, true]);
});
