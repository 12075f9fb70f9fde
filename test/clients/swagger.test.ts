import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import { ensureChromium, mayHaveChromium } from '../../scripts/ensureChromium.js';
import { clustersOf, uniqueCluster } from '../api/openTestApi.js';
import { openPage, type OpenPage } from './openPage.js';
import { serveTestApi, type ServedApi } from './servedApi.js';

/** Skipped, and said so, where there is none and it is not ours to install. */
const there = await mayHaveChromium();
let served: ServedApi;
let open: OpenPage;
beforeAll(async () => {
  if (!there) return;
  await ensureChromium();
  served = await serveTestApi();
}, 15 * 60_000);
afterAll(() => (there ? served.close() : undefined));
beforeEach(async () => {
  if (!there) return;
  open = await openPage(served.url, '/swagger');
  await open.page.locator('#operations-Clusters-applyCluster').waitFor();
});
afterEach(() => (there ? open.close() : undefined));

/** As a person does: the button, the key, the button, close. */
async function authorize(page: Page, key: string): Promise<void> {
  await page.locator('button.authorize').first().click();
  const apiKey = page.locator('.auth-container', { hasText: 'X-API-KEY' }).first();
  await apiKey.locator('input').fill(key);
  await apiKey.locator('button.authorize').click();
  await page.locator('.btn-done').first().click();
}

async function tryOut(page: Page, tag: string, operation: string): Promise<Locator> {
  const block = page.locator(`#operations-${tag}-${operation}`);
  await block.locator('.opblock-summary-control').click();
  await block.locator('.try-out__btn').click();
  return block;
}

interface Answer {
  status: string;
  body: string;
}

async function execute(page: Page, block: Locator): Promise<Answer> {
  const answered = page.waitForResponse((response) => response.url().includes('/apis/'));
  await block.locator('.execute').click();
  const response = await answered;
  const status = block.locator('.live-responses-table .response-col_status').last();
  await status.waitFor();
  return { status: (await status.innerText()).trim(), body: await response.text() };
}

describe.skipIf(!there)('the Swagger page, in Chromium', () => {
  test('reads with a key that was put in, and shows the answer', async () => {
    const { page, complaints } = open;
    await authorize(page, served.api.adminKey);
    const block = await tryOut(page, 'Projects', 'listProjects');
    const { status, body } = await execute(page, block);
    expect(status).toMatch(/^200/);
    expect(JSON.parse(body)).toMatchObject({ kind: 'ProjectList' });
    expect(await block.locator('.live-responses-table').innerText()).toContain('defaultproject');
    expect(complaints).toEqual([]);
  });

  test.each(['application/json', 'application/yaml'])(
    'applies a cluster that is written as %s, and it is stored',
    async (type) => {
      const { page, complaints } = open;
      const name = type === 'application/json' ? 'from-json' : 'from-yaml';
      await authorize(page, served.api.adminKey);
      const block = await tryOut(page, 'Clusters', 'applyCluster');
      await block.locator('select[aria-label="Request content type"]').selectOption(type);
      const editor = block.locator('textarea.body-param__text');
      // What the page offers is the example in that very form.
      const offered = await editor.inputValue();
      const cluster = (
        type === 'application/json' ? JSON.parse(offered) : parse(offered)
      ) as Cluster;
      expect(cluster.metadata.name).toBe('demo-cluster');
      expect(offered.trimStart().startsWith('{')).toBe(type === 'application/json');
      const other = uniqueCluster('defaultproject', name, name === 'from-json' ? 41 : 42);
      await editor.fill(
        type === 'application/json'
          ? JSON.stringify(other)
          : offered.replaceAll('demo-cluster', name),
      );
      const { status, body } = await execute(page, block);
      expect([status, body.slice(0, 500)]).toEqual([
        expect.stringMatching(/^200/),
        body.slice(0, 500),
      ]);
      const stored = await served.api.call('GET', `${clustersOf('defaultproject')}/${name}`);
      expect(stored.status).toBe(200);
      expect(complaints).toEqual([]);
    },
  );

  test('shows what is wrong when the key is', async () => {
    const { page, complaints } = open;
    await authorize(page, 'plinth_wrong');
    const { status, body } = await execute(page, await tryOut(page, 'Projects', 'listProjects'));
    expect(status).toMatch(/^401/);
    expect(JSON.parse(body)).toMatchObject({ code: 401, internal: 'Unauthorized' });
    // The browser itself reports every answer of 400 and more.
    expect(complaints.filter((one) => !one.includes('status of 401'))).toEqual([]);
  });
});

test.skipIf(!there)('a page that asks elsewhere is told on', async () => {
  await open.page.evaluate("fetch('http://192.0.2.1/x').catch(() => undefined)");
  await expect.poll(() => open.complaints.join()).toContain('http://192.0.2.1/x');
});
