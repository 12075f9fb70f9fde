import { defaultPayloadConverter } from '@temporalio/common';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker, type InjectedSinks, type ReplayResult } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

import { fakeTracing } from '../test/tracing/fakeTracing.js';
import { bundleWorkflows, quietRuntime } from '../test/workflows/environment.js';
import { keptHistories, type KeptHistory } from '../test/workflows/histories.js';
import type { ScheduledActivity, ScheduleSinks } from '../test/workflows/scheduledSteps.js';
import { workflowSpans } from '../worker/workflowSpans.js';
import * as workflows from './index.js';

/*
 * An operation may be under way when a newer plinth takes over: today's workflows must walk the way that those of
 * before have gone. A history that fails here is not recorded anew: the change goes behind `patched()`.
 */

type Event = NonNullable<KeptHistory['history']['events']>[number];
type Scheduled = NonNullable<Event['activityTaskScheduledEventAttributes']>;

let bundle: { code: string };
let traced: { code: string };
let kept: KeptHistory[];

beforeAll(async () => {
  quietRuntime();
  [bundle, traced, kept] = await Promise.all([
    bundleWorkflows({ replayed: true }),
    bundleWorkflows({ replayed: true, traced: true }),
    keptHistories(),
  ]);
}, 120_000);

interface Replayed extends ReplayResult {
  /** Where its way differs from that of the history: a replay by itself lets another step pass that is of the same type. */
  otherSteps: string[];
}

async function replay(
  histories: readonly Pick<KeptHistory, 'workflowId' | 'history'>[],
  workflowBundle = bundle,
): Promise<Replayed[]> {
  const results: Replayed[] = [];
  let scheduled: ScheduledActivity[] = [];
  const listening: InjectedSinks<ScheduleSinks> = {
    schedule: {
      scheduled: {
        fn: (_info, activity) => void scheduled.push(activity),
        callDuringReplay: true,
      },
    },
  };
  const options = { workflowBundle, sinks: { ...workflowSpans(fakeTracing()), ...listening } };
  // One after another: what is scheduled is the next result's.
  for await (const result of Worker.runReplayHistories(options, histories)) {
    const { history } = histories[results.length]!;
    results.push({ ...result, otherSteps: otherSteps(history, scheduled) });
    scheduled = [];
  }
  return results;
}

function otherSteps(
  { events }: KeptHistory['history'],
  today: readonly ScheduledActivity[],
): string[] {
  const now = new Map(today.map((activity) => [activity.activityId, describeActivity(activity)]));
  return recordedActivities(events ?? []).flatMap((activity) => {
    const then = describeActivity(activity);
    const other = now.get(activity.activityId) ?? 'nothing';
    return then === other ? [] : [`${then} has become ${other}`];
  });
}

function recordedActivities(events: readonly Event[]): ScheduledActivity[] {
  return events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled) return [];
    const args = scheduled.input?.payloads?.map((each) =>
      defaultPayloadConverter.fromPayload(each),
    );
    return {
      activityId: scheduled.activityId ?? '',
      activityType: scheduled.activityType?.name ?? '',
      args: args ?? [],
    };
  });
}

/** `runNodeStep m1 packages`. */
function describeActivity({ activityType, args: [ref] }: ScheduledActivity): string {
  const { hostname, step, subject } = (ref ?? {}) as Partial<Record<string, string>>;
  return [activityType, hostname, step, subject].filter((part) => part !== undefined).join(' ');
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
      const failed = results.flatMap(({ error, otherSteps: other }, index) => [
        ...(error === undefined ? [] : [`${kept[index]!.name}: ${error.message}`]),
        ...other.map((each) => `${kept[index]!.name}: ${each}`),
      ]);
      expect(failed).toEqual([]);
      expect(results).toHaveLength(kept.length);
    },
    120_000,
  );

  /** The first control plane's, with one of its scheduled activities as an older plinth might have had it. */
  async function replayWith(
    change: (scheduled: Scheduled, index: number, all: readonly Scheduled[]) => Scheduled,
  ): Promise<Replayed | undefined> {
    const found = kept.find(({ name }) => name.startsWith('creation/') && name.endsWith('-m1'));
    const { workflowId = '', history } = found ?? {};
    const all = history?.events?.flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled ?? [],
    );
    const events = history?.events?.map((event) => {
      const { activityTaskScheduledEventAttributes: scheduled } = event;
      if (!scheduled || all === undefined) return event;
      const changed = change(scheduled, all.indexOf(scheduled), all);
      return { ...event, activityTaskScheduledEventAttributes: changed };
    });
    const [result] = await replay([{ workflowId, history: { events: events ?? [] } }]);
    return result;
  }

  it('fail when a workflow has another order of steps than it had', async () => {
    const result = await replayWith((scheduled, index) =>
      index === 3 ? { ...scheduled, activityType: { name: 'other' } } : scheduled,
    );
    expect(result?.error).toBeInstanceOf(DeterminismViolationError);
  });

  it('tell of two steps that have changed places, which a replay by itself lets pass', async () => {
    const result = await replayWith((scheduled, index, all) => {
      const other = { 3: all[4], 4: all[3] }[index];
      return { ...scheduled, input: (other ?? scheduled).input ?? null };
    });
    expect(result?.error).toBeUndefined();
    expect(result?.otherSteps).toEqual([
      'runNodeStep m1 container-runtime has become runNodeStep m1 packages',
      'runNodeStep m1 packages has become runNodeStep m1 container-runtime',
    ]);
  });
});
