import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { UPKEEP_SCHEDULE_ID } from '../core/upkeep.js';
import { startTemporal, type EmbeddedTemporal } from '../embedded/temporal.js';
import { ensureUpkeepSchedule, keepUpkeepSchedule } from './upkeepSchedule.js';

// A server starts in a second on an idle computer, and not in ten on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let dataDir: string;
let server: EmbeddedTemporal;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-schedule-'));
  server = await startTemporal({ dataDir, host: '127.0.0.1' });
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const handle = () => client.schedule.getHandle(UPKEEP_SCHEDULE_ID);

test('it is hourly, one pass at a time, and makes up for an hour at most', async () => {
  await ensureUpkeepSchedule(client, 'a-queue');
  const { spec, policies, action, info } = await handle().describe();
  expect(spec).toMatchObject({ intervals: [{ every: 3_600_000 }], jitter: 600_000 });
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 3_600_000 });
  expect(action).toMatchObject({
    workflowType: 'upkeep',
    workflowId: 'upkeep',
    taskQueue: 'a-queue',
  });
  const next = info.nextActionTimes[0]!.getTime() - Date.now();
  expect(next).toBeGreaterThan(0);
  expect(next).toBeLessThan(70 * 60_000);
});

test('every worker makes it: it is there once, up to date, and paused where a person has paused it', async () => {
  await handle().pause('while the network is rebuilt');
  await Promise.all([1, 2, 3].map(() => ensureUpkeepSchedule(client, 'another-queue')));
  const { action, state } = await handle().describe();
  expect(action).toMatchObject({ taskQueue: 'another-queue' });
  expect(state).toMatchObject({ paused: true, note: 'while the network is rebuilt' });
});

test('a trigger starts a pass at once, paused or not', async () => {
  await handle().trigger();
  await vi.waitFor(
    async () => {
      const { info } = await handle().describe();
      expect(info.recentActions).toHaveLength(1);
    },
    { timeout: 20_000, interval: 200 },
  );
  const { info } = await handle().describe();
  const started = info.recentActions[0]!.action;
  expect(started.workflow.workflowId).toMatch(/^upkeep-/);
  await client.workflow.getHandle(started.workflow.workflowId).terminate();
});

test('it is tried again where Temporal refuses it', async () => {
  const errors: string[] = [];
  const log = {
    info: vi.fn(),
    warn: vi.fn(),
    error: (_: object, text: string) => errors.push(text),
  };
  const elsewhere = new Client({ connection, namespace: 'not-there-yet' });
  const schedule = keepUpkeepSchedule(elsewhere, { taskQueue: 'q', log, againMs: 50 });
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1), { timeout: 20_000 });
  schedule.stop();
  expect(errors[0]).toContain('not scheduled yet');
});
