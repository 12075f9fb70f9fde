import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freePort } from '../embedded/freePort.js';
import { startTemporal } from '../embedded/temporal.js';
import { until } from '../test/api/until.js';
import { createClusterWorkflows, type ClusterWorkflows } from './workflows.js';

/** Against the real server: no worker polls, so a started workflow stays running. */
let server: Awaited<ReturnType<typeof startTemporal>>;
let client: Client;
let workflows: ClusterWorkflows;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plinth-temporal-'));
  server = await startTemporal({ dataDir, host: '127.0.0.1' });
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
  workflows = createClusterWorkflows(client);
});
afterAll(async () => {
  await client.connection.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const signalsOf = async (name: string): Promise<string[]> => {
  const { events } = await client.workflow
    .getHandle(`cluster/defaultproject/${name}`)
    .fetchHistory();
  return (events ?? []).flatMap((event) => {
    const signal = event.workflowExecutionSignaledEventAttributes?.signalName;
    return typeof signal === 'string' ? [signal] : [];
  });
};

describe('notify', () => {
  test("starts the cluster's workflow with its search attributes, and signals the one that runs", async () => {
    await workflows.notify('defaultproject', 'one');
    await workflows.notify('defaultproject', 'one');
    const described = await client.workflow.getHandle('cluster/defaultproject/one').describe();
    expect(described).toMatchObject({ type: 'cluster', taskQueue: 'plinth' });
    const attributes = Object.fromEntries(
      described.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
    );
    expect(attributes).toMatchObject({ PlinthProject: 'defaultproject', PlinthCluster: 'one' });
    expect(await described.staticSummary()).toBe('Cluster one of project defaultproject');
    expect(await signalsOf('one')).toEqual(['changed', 'changed']);
  });

  test('leaves the id of the request in the memo and in each signal', async () => {
    await workflows.notify('defaultproject', 'traced', 'req-1');
    await workflows.notify('defaultproject', 'traced', 'req-2');
    await workflows.cancel('defaultproject', 'traced', 'req-3');
    const handle = client.workflow.getHandle('cluster/defaultproject/traced');
    expect((await handle.describe()).memo).toEqual({ requestId: 'req-1' });
    const { events } = await handle.fetchHistory();
    const inputs = (events ?? []).flatMap((event) => {
      const data = event.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0]?.data;
      return data ? [JSON.parse(Buffer.from(data).toString()) as unknown] : [];
    });
    expect(inputs).toEqual(['req-1', 'req-2', 'req-3'].map((requestId) => ({ requestId })));
  });

  test('starts it again after it was terminated', async () => {
    await workflows.notify('defaultproject', 'two');
    const handle = client.workflow.getHandle('cluster/defaultproject/two');
    const first = (await handle.describe()).runId;
    await handle.terminate('by hand');
    await until('its end', async () => !(await workflows.isRunning('defaultproject', 'two')));
    await workflows.notify('defaultproject', 'two');
    expect((await handle.describe()).runId).not.toBe(first);
    expect(await workflows.isRunning('defaultproject', 'two')).toBe(true);
  });
});

describe('cancel', () => {
  test('reaches a running workflow', async () => {
    await workflows.notify('defaultproject', 'three');
    expect(await workflows.cancel('defaultproject', 'three')).toBe(true);
    expect(await signalsOf('three')).toContain('cancel');
  });

  test('says when there is none, or none any more', async () => {
    expect(await workflows.cancel('defaultproject', 'none')).toBe(false);
    await workflows.notify('defaultproject', 'ended');
    await client.workflow.getHandle('cluster/defaultproject/ended').terminate('by hand');
    expect(await workflows.cancel('defaultproject', 'ended')).toBe(false);
  });
});

describe('with no server there', () => {
  test('every call fails in words within seconds', async () => {
    const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
    const connection = Connection.lazy({ address });
    const away = createClusterWorkflows(new Client({ connection }));
    const started = Date.now();
    const calls = await Promise.allSettled([
      away.ping(),
      away.notify('defaultproject', 'x'),
      away.cancel('defaultproject', 'x'),
      away.isRunning('defaultproject', 'x'),
    ]);
    for (const call of calls) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ConnectionLost' } });
    }
    expect(Date.now() - started).toBeLessThan(8_000);
    await connection.close();
  });

  test('ping is content with one that is there', async () => {
    await expect(workflows.ping()).resolves.toBeUndefined();
  });
});
