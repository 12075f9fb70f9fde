import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { serve, type ApiServer } from '../../api/server.js';
import { runProgram } from '../../cli/program.js';
import { openTestApi, uniqueCluster, type TestApi } from './openTestApi.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let api: TestApi;
let server: ApiServer;
beforeAll(async () => {
  api = await openTestApi();
  server = await serve(api.app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop();
  await api.close();
});

test('plinth get clusters shows every cluster with its status', async () => {
  const project = await api.project();
  const { clusters } = api.deps.store;
  for (let n = 1; n <= 12; n++) {
    const name = `c${String(n).padStart(2, '0')}`;
    const desired = uniqueCluster(project, name, n);
    await clusters.apply({ project, name, desired, secretsHash: '' });
  }
  const { id } = (await clusters.get(project, 'c02'))!;
  await clusters.setProvisionStatus(id, 'CLUSTER_PROVISION_COMPLETE');
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const code = await runProgram(['--server', server.url, '--project', project, 'get', 'clusters'], {
    ...{ env: { PLINTH_API_KEY: api.adminKey }, out: say, err: say },
    screen: { width: 80 } as never,
  });
  expect([code, said.length]).toEqual([0, 13]);
  expect(said[0]?.split(/ +/)).toEqual(['NAME', 'KUBERNETES', 'NODES', 'STATUS']);
  expect(said[1]?.split(/ +/)).toEqual([
    ...['c01', 'v1.34.4', '3', 'CLUSTER_PROVISION_NOT_STARTED'],
  ]);
  expect(said[2]?.split(/ +/).at(-1)).toBe('CLUSTER_PROVISION_COMPLETE');
});
