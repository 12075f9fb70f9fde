import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium, type Browser, type Page } from 'playwright-core';

import { ensureChromium } from '../../scripts/ensureChromium.js';
import { CHROMIUM_ARGS } from '../clients/openPage.js';
import { startFleet, type Fleet, type FleetCluster } from './fleet.js';
import { visit } from './openConsole.js';
import { JOIN_FAILURE } from './story.js';

/* `node --import tsx test/console/pictures.ts [FOLDER]`: the pictures of docs/console.md, made anew, from the product at work. */

const folder = process.argv[2] ?? 'docs/screenshots';
const PROJECT = 'defaultproject';
const PATIENCE_MS = 180_000;
const DESK = { width: 1280, height: 820 };
const PHONE = { width: 390, height: 844 };

const { command, lastLines, hint } = JOIN_FAILURE.failure;
const BERLIN: FleetCluster = {
  ...{ name: 'edge-berlin', machines: 3, pace: [1, 1.1, 1.35] },
  held: ['images on berlin-3', 'kubeadm-init on berlin-1'],
};
const FACTORY: FleetCluster = {
  ...{ name: 'factory-oslo', machines: 3, pace: [1, 1.2, 1.1] },
  said: {
    'kubeadm-join on oslo-3': {
      ...{ outcome: 'failed', output: [...(lastLines ?? [])] },
      ...{ command: command ?? '', hint: hint?.replaceAll('m3', 'oslo-3') ?? '' },
    },
  },
};
const LISBON: FleetCluster = {
  ...{ name: 'store-lisbon', machines: 5, pace: [1, 0.9, 1.2, 1, 1.1] },
  found: {
    'lisbon-3': ['disk\t/var/lib/containerd\t88\t5120'],
    'lisbon-5': ['drift\tswap is on'],
  },
};
const DEPOT: FleetCluster = { name: 'depot-porto', machines: 5, pace: [1, 1.1, 0.9, 1.2, 1] };
const SITES = { [BERLIN.name]: 'berlin', [FACTORY.name]: 'oslo', [LISBON.name]: 'lisbon' };

const fleet = await startFleet([BERLIN, FACTORY, LISBON, DEPOT]);
const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: CHROMIUM_ARGS,
});
try {
  await mkdir(folder, { recursive: true });
  await live(fleet);
  for (const colorScheme of ['light', 'dark'] as const) await take(browser, colorScheme);
} finally {
  await browser.close();
  await fleet.stop();
}

/** What the clusters have been through when they are looked at. */
async function live({ apply, settled }: Fleet): Promise<void> {
  const labelled = (name: string) => ({ env: 'prod', site: SITES[name] ?? 'porto' });
  const create = (of: FleetCluster, machines = of.machines): Promise<void> =>
    apply(of, machines, ({ metadata }) => (metadata.labels = labelled(of.name)));
  await create(LISBON);
  await create(FACTORY);
  await create(DEPOT, 4);
  await settled(DEPOT.name);
  for (const machines of [4, 5]) {
    await apply(DEPOT, machines, ({ metadata, spec }) => {
      metadata.labels = labelled(DEPOT.name);
      spec.config.location = 'porto';
    });
    await settled(DEPOT.name);
  }
  await settled(LISBON.name);
  await settled(FACTORY.name);
  await create(BERLIN);
}

async function take(by: Browser, colorScheme: 'light' | 'dark'): Promise<void> {
  const options = { colorScheme, viewport: DESK };
  const visitor = await visit(by, fleet.url, { key: fleet.adminKey, options });
  const { page, go } = visitor;
  page.setDefaultTimeout(PATIENCE_MS);
  const shoot = async (name: string): Promise<void> => {
    // What is still being drawn, and what the pointer is on, is no part of it.
    await page.mouse.move(0, 0);
    await page.waitForTimeout(600);
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.screenshot({ path, animations: 'disabled' });
  };
  await go(pathOf(BERLIN));
  const running = page.locator('.wf-step.run', { hasText: 'Initialise the control plane' });
  await running.waitFor();
  // One machine is still at what the others have done.
  await page.locator('.wf-step.run', { hasText: '2/3' }).waitFor();
  await page.waitForTimeout(6000);
  await shoot('running');
  await page.setViewportSize({ ...DESK, height: 480 });
  await go('/');
  await page.getByRole('row', { name: /edge-berlin/ }).waitFor();
  await shoot('list');
  await page.setViewportSize(DESK);
  await go(pathOf(FACTORY));
  await page.getByRole('button', { name: 'Show its last lines' }).click();
  await shoot('failed');
  await go(pathOf(LISBON));
  await page.getByRole('region', { name: 'Health' }).getByText('swap is on').waitFor();
  await shoot('health');
  await go(pathOf(LISBON, 'nodes'));
  await page.getByText('lisbon-5').first().waitFor();
  await shoot('nodes');
  await planOf(page, go);
  await shoot('spec');
  await go(pathOf(DEPOT));
  await page.getByRole('region', { name: 'History' }).scrollIntoViewIfNeeded();
  await shoot('history');
  await page.setViewportSize(PHONE);
  await go('/');
  await page.getByRole('row', { name: /edge-berlin/ }).waitFor();
  await shoot('phone-list');
  await go(pathOf(FACTORY));
  await page.getByText('What to do').first().waitFor();
  await shoot('phone-cluster');
  await go(pathOf(LISBON, 'nodes'));
  await page.getByText('lisbon-5').first().waitFor();
  await page.evaluate(
    `document.querySelector('[role=tablist]').scrollIntoView(); scrollBy(0, -60)`,
  );
  await shoot('phone-nodes');
  if (visitor.complaints.length > 0) throw new Error(visitor.complaints.join('\n'));
  await visitor.close();
}

/** Another version, as one writes it, with what would be done for it. */
async function planOf(page: Page, go: (path: string) => Promise<void>): Promise<void> {
  await go(pathOf(DEPOT, 'spec'));
  await page.getByRole('button', { name: 'Edit' }).click();
  const editor = page.getByLabel('YAML or JSON');
  await editor.fill((await editor.inputValue()).replace('v1.34.4', 'v1.35.4'));
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.locator('.plan').getByText('Cluster upgrade').waitFor();
  await page.evaluate(
    `[...document.querySelectorAll('h3')].find(({ textContent }) => textContent === 'Your change')
      .scrollIntoView(); scrollBy(0, -64)`,
  );
}

function pathOf({ name }: FleetCluster, tab?: string): string {
  return `/clusters/${PROJECT}/${name}${tab === undefined ? '' : `?tab=${tab}`}`;
}
