import { chromium, type Page } from 'playwright-core';

import { ensureChromium } from '../../scripts/ensureChromium.js';

/** Root has no sandbox of its own to give; and nothing that the browser asks for by itself. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface OpenPage {
  page: Page;
  /** What went wrong on the page so far: errors of its scripts, refused files, requests to other places. */
  complaints: string[];
  close(): Promise<void>;
}

/**
 * A page of a real Chromium, opened on a site of ours. Requests to anywhere else do not leave: they are refused, and
 * are complaints.
 */
export async function openPage(site: string, path: string): Promise<OpenPage> {
  const executablePath = await ensureChromium();
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  const complaints: string[] = [];
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
    page.on('requestfailed', (request) =>
      complaints.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ''}`),
    );
    await page.route(
      (url) => url.origin !== site && url.protocol !== 'data:',
      async (route) => {
        complaints.push(`elsewhere: ${route.request().url()}`);
        await route.abort();
      },
    );
    await page.goto(site + path);
    return { page, complaints, close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
