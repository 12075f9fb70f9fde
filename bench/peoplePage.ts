import type { Page } from 'playwright-core';

import { openConsoleBrowser } from './consoleBrowser.js';
import { medianOf } from './median.js';
import type { PeoplePart } from './people.js';

const WARM_UPS = 1;
/** Clusters that the list shows at once. */
const MOST_ROWS = 25;

interface Visit {
  /** From the start of the navigation until the list's rows are painted. */
  ms: number;
  /** Of everything, heads included, as it came over the network. */
  bytes: number;
}

/** The first page of who is logged in already, each time in a browser profile that has nothing of it in its cache. */
export const peoplePage: PeoplePart = async (api, { rounds, say }) => {
  const browser = await openConsoleBrowser(api, say);
  try {
    const visits: Visit[] = [];
    for (let round = 1 - WARM_UPS; round <= rounds; round += 1) {
      const page = await browser.page();
      const visit = await firstPage(page, api.url, Math.min(MOST_ROWS, api.names.length));
      await page.context().close();
      if (round > 0) visits.push(visit);
    }
    const times = visits.map(({ ms }) => ms);
    const kb = Math.max(...visits.map(({ bytes }) => bytes)) / 1000;
    const [median, most] = [medianOf(times), Math.max(...times)];
    say(
      `first page: ${kb.toFixed(1)} KB; painted after ${median.toFixed(0)} ms ` +
        `(${Math.min(...times).toFixed(0)}, ${most.toFixed(0)})`,
    );
    return {
      first_page_kb: Number(kb.toFixed(1)),
      first_page_ms: Math.round(median),
      first_page_most_ms: Math.round(most),
    };
  } finally {
    await browser.close();
  }
};

/** Runs in the page before anything of it: `painted` is when the frame that shows all rows was, in milliseconds. */
const whenPainted = (rows: number): string => `
  globalThis.painted = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (document.querySelectorAll('table.clusters tbody tr').length < ${String(rows)}) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(undefined);
      });
    }).observe(document, { childList: true, subtree: true });
  });`;

async function firstPage(page: Page, url: string, rows: number): Promise<Visit> {
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  let bytes = 0;
  network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.addInitScript(whenPainted(rows));
  await page.goto(url);
  const ms = await page.evaluate<number>('painted');
  await page.waitForLoadState('networkidle');
  return { ms, bytes };
}
