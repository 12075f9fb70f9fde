import { expect, test } from 'vitest';

import type { ServerProcess } from './serverProcess.js';
import { supervise } from './supervise.js';

interface FakeProcess extends ServerProcess {
  crash(): void;
}

function fakeProcess(pid: number): FakeProcess {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { pid, ended, crash: () => end(), stop: () => Promise.resolve(end()) };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('never happened');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function supervised(start: (nth: number) => FakeProcess) {
  const started: FakeProcess[] = [];
  const said: string[] = [];
  let attempts = 0;
  const running = supervise({
    name: 'worker',
    firstPauseMs: 1,
    say: (line) => said.push(line),
    start: async () => {
      const next = start(++attempts);
      started.push(next);
      return next;
    },
  });
  return { running, started, said, attempts: () => attempts };
}

test('a process that ends is started again', async () => {
  const { running, started, said } = supervised(fakeProcess);
  const worker = await running;
  started[0]?.crash();
  await until(() => started.length === 2);
  await until(() => worker.current().pid === 2);
  expect(said).toContain('worker ended: starting it again');
  await worker.stop();
});

test('a restart that fails is tried again', async () => {
  const { running, started, attempts } = supervised((nth) => {
    if (nth === 2) throw new Error('port taken');
    return fakeProcess(nth);
  });
  const worker = await running;
  started[0]?.crash();
  await until(() => worker.current().pid === 3);
  expect(attempts()).toBe(3);
  await worker.stop();
});

test('after stop nothing is started any more', async () => {
  const { running, attempts } = supervised(fakeProcess);
  const worker = await running;
  await worker.stop();
  expect(attempts()).toBe(1);
});

test('a first start that fails is the failure of the whole', async () => {
  const { running } = supervised(() => {
    throw new Error('no space left');
  });
  await expect(running).rejects.toThrow('no space left');
});
