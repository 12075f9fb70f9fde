import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { hashApiKey } from '../../auth/apiKey.js';
import { eventReader } from '../../../test/api/eventReader.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';
import type { Cluster } from '../../../core/cluster.js';
import { serve } from '../../server.js';

let api: TestApi;
let project: string;
let path: string;
const open: AbortController[] = [];
beforeAll(async () => {
  api = await openTestApi({ eventPollMs: 20 });
});
afterAll(() => api.close());
beforeEach(async () => {
  project = await api.project();
  path = `${clustersOf(project)}/demo/events`;
  await api.apply(project, 'demo');
});
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

/** Reads one event after the other. */
async function watch(headers: Record<string, string> = {}, stopping?: AbortSignal) {
  const abort = new AbortController();
  open.push(abort);
  const init = {
    headers: { 'x-api-key': api.adminKey, ...headers },
    signal: abort.signal,
  };
  const answer = await api.app.request(path, init, stopping === undefined ? {} : { stopping });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  return eventReader(answer);
}

const setBlueprint = async (): Promise<void> => {
  const { clusters } = api.deps.store;
  const record = (await clusters.get(project, 'demo'))!;
  await clusters.setProvisionStatus(record.id, 'INFRA_CREATION_INPROGRESS');
};

describe('a watcher', () => {
  test('gets the status at once and again when it changes', async () => {
    const next = await watch();
    const first = (await next())!;
    expect(first.event).toBe('status');
    expect((JSON.parse(first.data) as Cluster).status?.provisionStatus).toBe(
      'CLUSTER_PROVISION_NOT_STARTED',
    );
    await setBlueprint();
    const second = (await next())!;
    expect(second.id).not.toBe(first.id);
    expect((JSON.parse(second.data) as Cluster).status?.provisionStatus).toBe(
      'INFRA_CREATION_INPROGRESS',
    );
  });

  test('that comes back with Last-Event-ID gets nothing until there is something new', async () => {
    const first = (await (await watch())())!;
    const next = await watch({ 'last-event-id': first.id });
    await setBlueprint();
    const event = (await next())!;
    expect(event.id).not.toBe(first.id);
    expect(event.data).toContain('INFRA_CREATION_INPROGRESS');
  });

  test('is told that the cluster is gone, and that is the end', async () => {
    const next = await watch();
    await next();
    const record = (await api.deps.store.clusters.get(project, 'demo'))!;
    await api.deps.store.clusters.remove(record.id);
    expect(await next()).toMatchObject({ event: 'deleted' });
    expect(await next()).toBeUndefined();
  });

  test('is let go when the server stops', async () => {
    const stopping = new AbortController();
    const next = await watch({}, stopping.signal);
    await next();
    stopping.abort();
    expect(await next()).toBeUndefined();
  });

  test('shares one look at the store with all others', async () => {
    const [one, two] = [await watch(), await watch()];
    const [first, second] = [(await one())!, (await two())!];
    expect(second.id).toBe(first.id);
  });

  test('is let go when its key is revoked, before it is told anything more', async () => {
    const key = await api.key('viewer', project);
    const next = await watch({ 'x-api-key': key });
    expect((await next())?.event).toBe('status');
    const { apiKeys } = api.deps.store;
    await apiKeys.revoke((await apiKeys.findByHash(hashApiKey(key)))!.id);
    await setBlueprint();
    expect(await next()).toBeUndefined();
  });

  test('needs a key for the project', async () => {
    const key = await api.key('viewer', await api.project());
    expect((await api.call('GET', path, { key })).status).toBe(403);
  });
});

test('a key has a hundred streams open at once, and may open another when one has ended', async () => {
  const key = await api.key('viewer', project);
  const server = await serve(api.app, { host: '127.0.0.1', port: 0 });
  const stream = async (): Promise<{ status: number; end: () => void }> => {
    const abort = new AbortController();
    open.push(abort);
    const init = { headers: { 'x-api-key': key }, signal: abort.signal };
    const { status } = await fetch(server.url + path, init);
    return { status, end: () => abort.abort() };
  };
  const streams = await Promise.all(Array.from({ length: 100 }, stream));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await stream()).status).toBe(429);
  // Others are not kept out by it.
  await watch();
  streams[0]?.end();
  await expect.poll(async () => (await stream()).status, { timeout: 20_000 }).toBe(200);
  for (const { end } of streams) end();
  await server.stop();
}, 60_000);
