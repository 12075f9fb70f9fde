import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openWorkflowTests, type WorkflowTests } from '../test/workflows/environment.js';
import { scenarios } from '../test/workflows/scenarios.js';

let tests: WorkflowTests;
beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);
afterAll(() => tests.close());

const { options } = scenarios().find(({ name }) => name === 'webhook')!;
const run = (id: string, onDelivery?: (webhook: string) => void) =>
  tests.run(
    {
      ...options,
      news: {
        webhooks: ['pager', 'chat'],
        event: { ...options.news!.event, taskset: { ...options.news!.event.taskset, id } },
      },
      ...(onDelivery === undefined ? {} : { onDelivery }),
    },
    {
      after: async (client) => {
        for (const name of ['pager', 'chat']) {
          await client.workflow.getHandle(`webhook/p/${name}/${id}`).result();
        }
      },
    },
  );
const of = (calls: readonly string[], what: string): string[] =>
  calls.filter((call) => call.startsWith(what));

test('each webhook that listens is told once of the end of a taskset', async () => {
  const { calls } = await run('t-once');
  expect(of(calls, 'tell').toSorted()).toEqual([
    'tell chat taskset.succeeded',
    'tell pager taskset.succeeded',
  ]);
  expect(of(calls, 'give up')).toEqual([]);
}, 60_000);

test('a receiver that is away is told later; the others do not wait for it', async () => {
  let left = 1;
  const { calls } = await run('t-later', (webhook) => {
    if (webhook === 'pager' && left-- > 0) throw new Error('away');
  });
  expect(of(calls, 'tell pager')).toHaveLength(2);
  expect(of(calls, 'tell chat')).toHaveLength(1);
}, 60_000);

test('a dead receiver is given up, and holds up nobody', async () => {
  const { calls, ended } = await run('t-dead', (webhook) => {
    if (webhook === 'pager') throw ApplicationFailure.nonRetryable('dead');
  });
  expect(ended).toHaveLength(1);
  expect(of(calls, 'give up')).toEqual(['give up pager: dead']);
  expect(of(calls, 'tell chat')).toHaveLength(1);
}, 60_000);

// The server that skips time does not skip the waits between the attempts at an activity.
test('Temporal tries for a day, every quarter of an hour in the end', async () => {
  await run('t-day');
  const handle = tests.environment.client.workflow.getHandle('webhook/p/pager/t-day');
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes);
  const { scheduleToCloseTimeout, retryPolicy } = scheduled!.activityTaskScheduledEventAttributes!;
  expect(Number(scheduleToCloseTimeout?.seconds)).toBe(24 * 60 * 60);
  expect(Number(retryPolicy?.maximumInterval?.seconds)).toBe(15 * 60);
  expect(retryPolicy?.maximumAttempts ?? 0).toBe(0);
}, 60_000);

test('a run of the cluster that was reset goes on where a delivery of before is still being tried', async () => {
  const news = {
    webhooks: ['pager', 'chat'],
    event: {
      ...options.news!.event,
      taskset: { ...options.news!.event.taskset, id: 't-reset' },
    },
  };
  const onDelivery = (webhook: string): void => {
    if (webhook === 'pager') throw ApplicationFailure.retryable('nobody is there');
  };
  await tests.run({ ...options, news, onDelivery });
  const again = await tests.run({ ...options, news });
  expect(again.ended).toHaveLength(1);
  expect(of(again.calls, 'tell')).not.toContain('tell pager taskset.succeeded');
});
