import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker, type ReplayResult } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

import { fakeTracing } from '../test/tracing/fakeTracing.js';
import { bundleWorkflows, quietRuntime } from '../test/workflows/environment.js';
import { keptHistories, type KeptHistory } from '../test/workflows/histories.js';
import { workflowSpans } from '../worker/workflowSpans.js';
import * as workflows from './index.js';

/*
 * An operation may be under way when a newer plinth takes over: today's workflows must walk the way that those of
 * before have gone. A history that fails here is not recorded anew: the change goes behind `patched()`.
 */

let bundle: { code: string };
let traced: { code: string };
let kept: KeptHistory[];

beforeAll(async () => {
  quietRuntime();
  [bundle, traced, kept] = await Promise.all([
    bundleWorkflows(),
    bundleWorkflows({ traced: true }),
    keptHistories(),
  ]);
}, 120_000);

async function replay(
  histories: readonly Pick<KeptHistory, 'workflowId' | 'history'>[],
  workflowBundle = bundle,
): Promise<ReplayResult[]> {
  const results: ReplayResult[] = [];
  const options = { workflowBundle, sinks: workflowSpans(fakeTracing()) };
  for await (const result of Worker.runReplayHistories(options, histories)) {
    results.push(result);
  }
  return results;
}

describe('kept histories', () => {
  it('hold every type of workflow', () => {
    const types = new Set(kept.map(({ workflowType }) => workflowType));
    expect([...types].toSorted()).toEqual(Object.keys(workflows).toSorted());
  });

  it('name no folder of the computer that recorded them', () => {
    const texts = kept.filter(({ history }) => /"stackTrace":"./.test(JSON.stringify(history)));
    expect(texts.map(({ name }) => name)).toEqual([]);
  });

  it.each([
    ['', () => bundle],
    [', where traces are wanted, too', () => traced],
  ])(
    "are walked by today's workflows%s",
    async (_, bundled) => {
      const results = await replay(kept, bundled());
      const failed = results.flatMap(({ workflowId, error }) =>
        error === undefined ? [] : [`${workflowId}: ${error.message}`],
      );
      expect(failed).toEqual([]);
      expect(results).toHaveLength(kept.length);
    },
    120_000,
  );

  it('fail when a workflow has another order of steps than it had', async () => {
    const found = kept.find(({ name }) => name.startsWith('creation/') && name.endsWith('-m1'));
    const { workflowId = '', history } = found ?? {};
    // As if an older plinth had run another activity in the middle.
    const OTHER = history?.events?.flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityId ?? [],
    )[3];
    const events = history?.events?.map((event) => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      return scheduled?.activityId === OTHER
        ? {
            ...event,
            activityTaskScheduledEventAttributes: { ...scheduled, activityType: { name: 'other' } },
          }
        : event;
    });
    const [result] = await replay([{ workflowId, history: { events: events ?? [] } }]);
    expect(result?.error).toBeInstanceOf(DeterminismViolationError);
  });
});
