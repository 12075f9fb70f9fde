import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { Page } from 'playwright-core';

import { openConsoleBrowser, type ConsoleBrowser } from './consoleBrowser.js';
import { medianOf } from './median.js';
import type { PeoplePart } from './people.js';

const WARM_UPS = 1;
/** A window that was just opened still loads what the browser itself is made of: nobody's page. */
const SETTLE_MS = 2000;
/** Clusters that the list shows at once. */
const MOST_ROWS = 25;

interface Visit {
  /** From the start of the navigation until the list's rows are painted. */
  ms: number;
  /** Of everything, heads included, as it came over the network. */
  bytes: number;
}

/**
 * The first page of who is logged in already, each time in a browser profile that has nothing of it in its cache. Beside it,
 * in turns, the same page as one still file: what the browser alone takes to show it.
 */
export const peoplePage: PeoplePart = async (api, { rounds, say }) => {
  const browser = await openConsoleBrowser(api, say);
  const count = Math.min(MOST_ROWS, api.names.length);
  const server = createServer();
  const visit = async (url: string): Promise<Visit> => {
    const page = await browser.page();
    const of = await firstPage(page, { url, rows: count, stays: url === api.url });
    await page.context().close();
    return of;
  };
  try {
    const stillUrl = await serve(server, await stillPage(browser, api.url, count));
    const visits: Visit[] = [];
    const stillTimes: number[] = [];
    for (let round = 1 - WARM_UPS; round <= rounds; round += 1) {
      const [ours, others] = [await visit(api.url), await visit(stillUrl)];
      if (round < 1) continue;
      visits.push(ours);
      stillTimes.push(others.ms);
    }
    const times = visits.map(({ ms }) => ms);
    const kb = Math.max(...visits.map(({ bytes }) => bytes)) / 1000;
    const [median, most] = [medianOf(times), Math.max(...times)];
    say(
      `first page: ${kb.toFixed(1)} KB; painted after ${median.toFixed(0)} ms ` +
        `(${Math.min(...times).toFixed(0)}, ${most.toFixed(0)})`,
    );
    const stillMedian = medianOf(stillTimes);
    say(
      `the same as one still file: ${stillMedian.toFixed(0)} ms ` +
        `(${Math.min(...stillTimes).toFixed(0)}, ${Math.max(...stillTimes).toFixed(0)})`,
    );
    return {
      first_page_kb: Number(kb.toFixed(1)),
      first_page_ms: Math.round(median),
      first_page_most_ms: Math.round(most),
      still_page_ms: Math.round(stillMedian),
    };
  } finally {
    server.close();
    await browser.close();
  }
};

/** What the console's page becomes, as one file: elements and style sheet, no script, nothing more to ask for. */
async function stillPage(browser: ConsoleBrowser, url: string, rows: number): Promise<string> {
  const page = await browser.page();
  await page.goto(url);
  await page.waitForSelector(`table.clusters tbody tr:nth-child(${String(rows)})`);
  const root = await page.evaluate<string>('document.getElementById("root").outerHTML');
  const style = await page.evaluate<string>(`document.querySelector('style').textContent`);
  await page.context().close();
  return `<!doctype html><title>still</title><style>${style}</style>${root}`;
}

/** Gives its address. */
async function serve(server: Server, page: string): Promise<string> {
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
    response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${String(port)}`;
}

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

async function firstPage(
  page: Page,
  { url, rows, stays }: { url: string; rows: number; stays: boolean },
): Promise<Visit> {
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  let bytes = 0;
  network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.addInitScript(whenPainted(rows));
  await wait(SETTLE_MS);
  // What the page asks for last, once its script has come; it stays open. The still page asks for nothing.
  const followed = stays ? page.waitForResponse('**/console/clusters/events*') : undefined;
  await page.goto(url);
  const ms = await page.evaluate<number>('painted');
  await followed;
  return { ms, bytes };
}
