import { afterAll, beforeAll, expect, test } from 'vitest';

import { consoleFiles } from '../../api/web/consoleFiles.js';
import { startRunningApi, type RunningApi } from './runningApi.js';

/* The API's own process, compiled as `npm start` and the image run it, over a real socket. */

let api: RunningApi;
beforeAll(async () => {
  api = await startRunningApi();
}, 120_000);
afterAll(() => api.stop());

test('serves the very console that a checkout does', async () => {
  for (const [name, { forms }] of await consoleFiles()) {
    const path = name === 'index.html' ? '/' : `/assets/${name}`;
    const answer = await fetch(api.url + path);
    expect(answer.status).toBe(200);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array(forms.identity));
  }
});

test('opens a session with the key of the first start', async () => {
  const headers = {
    ...{ origin: api.url, 'x-plinth-console': '1', 'content-type': 'application/json' },
  };
  const body = JSON.stringify({ apiKey: api.adminKey });
  const opened = await fetch(`${api.url}/console/session`, { method: 'POST', headers, body });
  expect(opened.status).toBe(200);
  const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
  const list = await fetch(`${api.url}/console/clusters`, { headers: { cookie } });
  expect(await list.json()).toMatchObject({ projects: ['defaultproject'], items: [], count: 0 });
});
