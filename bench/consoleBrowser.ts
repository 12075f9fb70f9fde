import { chromium, type Browser, type Page } from 'playwright-core';

import { ensureChromium } from '../scripts/ensureChromium.js';
import { CHROMIUM_ARGS } from '../test/clients/openPage.js';
import type { PeopleOptions } from './people.js';
import type { StoredApi } from './storedApi.js';

/** A person's browser at the console: real Chromium, its key shown already. */
export interface ConsoleBrowser {
  /** An empty page of a profile of its own: it has seen nothing of the console but the session's cookie. */
  page(): Promise<Page>;
  close(): Promise<void>;
}

/** Installs Chromium where there is none and that is ours to do. */
export async function openConsoleBrowser(
  { url, adminKey }: Pick<StoredApi, 'url' | 'adminKey'>,
  say: PeopleOptions['say'],
): Promise<ConsoleBrowser> {
  const executablePath = await ensureChromium(say);
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  try {
    const cookie = await logIn(url, adminKey);
    return { page: () => newPage(browser, { ...cookie, url }), close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

async function newPage(
  browser: Browser,
  cookie: { name: string; value: string; url: string },
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addCookies([cookie]);
  return context.newPage();
}

async function logIn(url: string, apiKey: string): Promise<{ name: string; value: string }> {
  const answer = await fetch(`${url}/console/session`, {
    method: 'POST',
    headers: { origin: url, 'x-plinth-console': '1', 'content-type': 'application/json' },
    body: JSON.stringify({ apiKey }),
  });
  if (!answer.ok) throw new Error(`no session: ${String(answer.status)} ${await answer.text()}`);
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  const at = cookie.indexOf('=');
  return { name: cookie.slice(0, at), value: cookie.slice(at + 1) };
}
