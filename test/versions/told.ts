import type { Client } from '@temporalio/client';

import { UNVERSIONED } from '../../worker/deployment.js';
import { historiesUnder } from '../workflows/histories.js';

export interface Told {
  /** Build ids of those who worked at the workflows, each in its turn. */
  byVersion: string[];
  /** Tasks of workflows that a worker failed: who, and why. */
  failures: string[];
  timers: number;
}

/** What the histories of a cluster's workflow, its operations and its nodes tell of the workers. */
export async function toldBy(client: Client, workflowId: string): Promise<Told> {
  const told: Told = { byVersion: [], failures: [], timers: 0 };
  const histories = await historiesUnder(client, workflowId);
  const events = [...histories.values()].flatMap((history) => history.events ?? []);
  for (const event of events.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const done = event.workflowTaskCompletedEventAttributes;
    const version = done && (done.deploymentVersion?.buildId ?? UNVERSIONED);
    if (version && told.byVersion.at(-1) !== version) told.byVersion.push(version);
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed) told.failures.push(`${failed.identity ?? ''}: ${failed.failure?.message ?? ''}`);
    if (event.timerStartedEventAttributes) told.timers += 1;
  }
  return told;
}

function timeOf({
  eventTime,
}: {
  eventTime?: { seconds?: unknown; nanos?: number | null } | null;
}): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}
