import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

import { serve } from '../../api/server.js';
import { ensureChromium } from '../../scripts/ensureChromium.js';
import { openTestApi, type TestApi } from '../api/openTestApi.js';
import { CHROMIUM_ARGS } from '../clients/openPage.js';

export interface Visitor {
  page: Page;
  /** What went wrong on the page so far: errors of its scripts, what its policy refused, requests to other places. */
  complaints: string[];
  /** Goes to an address of the console. */
  go(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface OpenConsole {
  url: string;
  api: TestApi;
  /** A browser profile of its own: its cookies are nobody else's. With a key: logged in with it. */
  visit(options?: BrowserContextOptions & { key?: string | null; path?: string }): Promise<Visitor>;
  close(): Promise<void>;
}

export const TEMPORAL_UI = { url: 'http://temporal.test:8233', namespace: 'default' };

/** The API over a real socket with workflows that only listen, and a real Chromium to look at its console with. */
export async function openConsole(): Promise<OpenConsole> {
  const executablePath = await ensureChromium();
  const api = await openTestApi({ temporalUi: TEMPORAL_UI, eventPollMs: 50, firstViewMs: 15_000 });
  const server = await serve(api.app, { host: '127.0.0.1', port: 0 });
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  return {
    ...{ url: server.url, api },
    visit: ({ key = api.adminKey, path = '/', ...options } = {}) =>
      visit(browser, server.url, { key, path, options }),
    async close() {
      await browser.close();
      await server.stop();
      await api.close();
    },
  };
}

interface Visit {
  key?: string | null;
  path?: string;
  options?: BrowserContextOptions;
}

/** Opens the console that `url` serves, in a profile of its own; with a key: logged in with it. */
export async function visit(
  browser: Browser,
  url: string,
  { key = null, path = '/', options = {} }: Visit = {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  await context.route(
    (to) => to.origin !== url && !['data:', 'blob:'].includes(to.protocol),
    async (route) => {
      complaints.push(`elsewhere: ${route.request().url()}`);
      await route.abort();
    },
  );
  const go = async (to: string): Promise<void> => {
    await page.goto(url + to);
  };
  await go(path);
  if (key !== null) await logIn(page, key);
  return { page, complaints, go, close: () => context.close() };
}

/** As a person does: the key, the button. */
export async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}
