import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Connection } from '@temporalio/client';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { SEARCH_ATTRIBUTES } from '../core/clusterWorkflow.js';
import { startTemporal } from './temporal.js';
import type { EmbeddedTemporal } from './temporal.js';
import { prepareNamespace } from './temporalNamespace.js';

// Servers start in a second on an idle computer, and not in ten on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let dataDir: string;
let server: EmbeddedTemporal;
let connection: Connection;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-temporal-'));
  server = await startTemporal({ dataDir, host: '127.0.0.1' });
  connection = await Connection.connect({ address: server.address });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test('closed workflows are kept for 90 days', async () => {
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  expect(optionalTsToMs(config?.workflowExecutionRetentionTtl)).toBe(90 * 24 * 3600 * 1000);
});

test('every search attribute of our workflows is registered as a keyword', async () => {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  for (const name of SEARCH_ATTRIBUTES) expect(customAttributes).toHaveProperty(name, 2);
});

test('another namespace is made where there is none, and prepared like the one that there is', async () => {
  const namespace = 'plinth-fleet';
  const wanted = { namespace, searchAttributes: ['PlinthCluster'] };
  await vi.waitFor(() => prepareNamespace(connection, wanted), { timeout: 20_000, interval: 500 });
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  expect(optionalTsToMs(config?.workflowExecutionRetentionTtl)).toBe(90 * 24 * 3600 * 1000);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  expect(customAttributes).toHaveProperty('PlinthCluster', 2);
});

test('what is kept for longer than that is not shortened', async () => {
  const namespace = 'kept-for-a-year';
  const year = 365 * 24 * 3600 * 1000;
  const workflowExecutionRetentionPeriod = msToTs(year);
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod,
  });
  await vi.waitFor(() => prepareNamespace(connection, { namespace, searchAttributes: [] }), {
    ...{ timeout: 20_000, interval: 500 },
  });
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  expect(optionalTsToMs(config?.workflowExecutionRetentionTtl)).toBe(year);
});

test('the web page answers at its address', async () => {
  expect((await fetch(server.uiUrl)).status).toBe(200);
});
