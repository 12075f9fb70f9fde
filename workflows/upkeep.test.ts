import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { UpkeepPage, UpkeepTurn } from '../core/upkeep.js';
import { openWorkflowTests, type WorkflowTests } from '../test/workflows/environment.js';

let tests: WorkflowTests;
beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);
afterAll(() => tests.close());

interface Played {
  calls: string[];
  pages: UpkeepPage[];
  /** How it ended otherwise than well. */
  error?: unknown;
  /** Seconds of the timers of its last run. */
  timers: number[];
}

/** One pass, in which a part has these turns. */
async function play(turn: (page: UpkeepPage) => Partial<UpkeepTurn>): Promise<Played> {
  const pages: UpkeepPage[] = [];
  let handle: WorkflowHandle | undefined;
  const calls: string[] = [];
  const upkeep = (page: UpkeepPage): UpkeepTurn => {
    pages.push(page);
    calls.push(`${page.part}${page.after === undefined ? '' : ` ${page.after.id}`}`);
    return { asked: 0, ...turn(page) };
  };
  const error = await tests
    .run(
      { operations: [], upkeep },
      {
        upkeep: true,
        during: async (started) => {
          handle = started;
          return Promise.resolve();
        },
      },
    )
    .then(
      () => undefined,
      (failed: unknown) => failed,
    );
  const { events } = await tests.environment.client.workflow
    .getHandle(handle!.workflowId)
    .fetchHistory();
  const timers = (events ?? []).flatMap((event) => {
    const seconds = event.timerStartedEventAttributes?.startToFireTimeout?.seconds;
    return seconds === undefined || seconds === null ? [] : [Number(seconds)];
  });
  return { calls, pages, timers, ...(error === undefined ? {} : { error }) };
}

const key = (id: string) => ({ by: '2026-11-26T06:00:00.000Z', id });

describe('a pass of the hourly work', () => {
  it('goes through every part, page by page, at one time of its own', async () => {
    const { calls, pages, timers, error } = await play(({ part, after }) =>
      part === 'snapshots' && after?.id !== 'b'
        ? { next: key(after === undefined ? 'a' : 'b') }
        : {},
    );
    expect(error).toBeUndefined();
    expect(calls).toEqual([
      ...['snapshots', 'snapshots a', 'snapshots b'],
      ...['renewals', 'drift'],
    ]);
    expect(new Set(pages.map(({ at }) => at)).size).toBe(1);
    // Nobody was asked: nothing is waited for.
    expect(timers).toEqual([]);
  });

  it('asks no more than a page of clusters in 15 seconds', async () => {
    let left = 4;
    const { timers } = await play(({ part }) => {
      if (part !== 'drift') return {};
      left -= 1;
      return left > 0 ? { asked: 50, next: key('x') } : {};
    });
    expect(timers).toEqual([15, 15, 15]);
  });

  it('goes on in a new run where a pass is long, at the page that it had come to', async () => {
    let page = 0;
    const { calls, pages } = await play(({ part }) => {
      if (part !== 'renewals') return {};
      page += 1;
      return page < 250 ? { next: key(String(page)) } : {};
    });
    expect(calls.filter((call) => call.startsWith('renewals'))).toEqual([
      'renewals',
      ...Array.from({ length: 249 }, (_, index) => `renewals ${String(index + 1)}`),
    ]);
    expect(calls.at(-1)).toBe('drift');
    expect(new Set(pages.map(({ at }) => at)).size).toBe(1);
  }, 60_000);

  it('leaves a part that fails to the next pass, does the others, and says so', async () => {
    const { calls, error } = await play(({ part }) => {
      if (part !== 'renewals') return {};
      throw ApplicationFailure.create({ nonRetryable: true, message: 'out of order' });
    });
    expect(calls).toEqual(['snapshots', 'renewals', 'drift']);
    expect(String((error as Error).cause)).toContain('renewals: out of order');
  });
});
