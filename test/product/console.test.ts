import { readFile } from 'node:fs/promises';

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

  // Its page comes with the list, by the compiled view.
  const spec = await readFile(new URL('../../examples/minimal.yaml', import.meta.url), 'utf8');
  const applied = await fetch(
    `${api.url}/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters`,
    {
      method: 'POST',
      headers: { 'x-api-key': api.adminKey, 'content-type': 'application/yaml' },
      body: spec,
    },
  );
  expect(await applied.text().then((text) => (applied.ok ? '' : text))).toBe('');
  const page = await fetch(api.url, { headers: { cookie } });
  expect(await page.text()).toMatch(/<main[^]*class="row-link"/);
});
