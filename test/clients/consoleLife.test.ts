import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import { parseStartConfig } from '../../embedded/config.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { ensureChromium, mayHaveChromium } from '../../scripts/ensureChromium.js';
import { clustersOf } from '../api/openTestApi.js';
import { logIn, visit, type Visitor } from '../console/openConsole.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { farmCluster, farmEnvironment } from '../product/farmProduct.js';
import { NO_ROUTE, startMendableMachines, type MendableMachines } from './mendableMachines.js';
import { CHROMIUM_ARGS } from './openPage.js';

const NAME = 'factory-7';
/** Of whoever waits for something to be seen, on a computer that has much else to do. */
const PATIENCE_MS = 180_000;

/** Skipped, and said so, where there is none and it is not ours to install. */
const there = await mayHaveChromium();

/* The product as `npm start` runs it; its machines are those of test/ssh, which say how each step ends and run nothing. */
describe.skipIf(!there)('the console of the whole product, in Chromium', () => {
  const ends: (() => unknown)[] = [];
  let machines: MendableMachines;
  let plinth: Plinth;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    const executablePath = await ensureChromium();
    const data = await mkdtemp(join(tmpdir(), 'plinth-life-'));
    ends.push(() => rm(data, { recursive: true, force: true }));
    const mirror = await startManifestMirror();
    ends.push(() => mirror.server.close());
    machines = await startMendableMachines();
    ends.push(() => machines.close());
    const env = await farmEnvironment(data, mirror.url);
    plinth = await startPlinth({ config: parseStartConfig(env), env, say: () => undefined });
    ends.push(() => plinth.stop());
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
    ends.push(() => browser.close());
    visitor = await visit(browser, plinth.url);
    ({ page } = visitor);
    page.setDefaultTimeout(PATIENCE_MS);
  }, 15 * 60_000);
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  }, 120_000);

  test(
    'goes through a cluster’s life with a person: a failed provision is mended and retried, the spec changed, all deleted',
    async () => {
      let loads = 0;
      page.on('load', () => (loads += 1));
      await logIn(page, plinth.adminKey.key);
      await page.getByRole('heading', { name: 'No clusters yet' }).waitFor();
      await applyAndSeeItWork();
      await seeItFail();
      await mendAndRetry();
      await changeTheSpec();
      await takeTheKubeconfig();
      expect(visitor.complaints).toEqual([]);
      await deleteIt();
      expect(loads).toBe(0);
      // The browser's word for what the page still asked about the cluster in the moment in which it went.
      expect(visitor.complaints.filter((one) => !one.includes('404'))).toEqual([]);
    },
    15 * 60_000,
  );

  async function applyAndSeeItWork(): Promise<void> {
    const goOn = machines.hold('kubeadm-init');
    expect(await ask('', farmCluster(NAME, machines.ports))).toEqual([200, '']);
    await page.getByRole('link', { name: NAME }).click();
    await seeState('Working');
    await page.getByText(/^Step \d+ of \d+: Initialise the control plane$/).waitFor();
    await step('ok', 'Install packages').waitFor();
    await step('idle', 'Join the cluster').waitFor();
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
    await step('run', 'Initialise the control plane').getByRole('button').click();
    await page.getByRole('button', { name: 'Log of Initialise the control plane on m1' }).click();
    await page.getByText('It has written nothing yet.').waitFor();
    goOn();
    await page.getByRole('log').getByText('[step] line 12 of it').waitFor();
    await step('ok', 'Initialise the control plane').waitFor();
  }

  async function seeItFail(): Promise<void> {
    await seeState('Failed');
    const failure = step('bad', 'Join the cluster').locator('.failure');
    await failure.waitFor();
    const shown = await failure.innerText();
    const { command, output, hint } = NO_ROUTE;
    for (const text of [`$ ${command}`, 'exit code 1', ...output, hint]) {
      expect(shown).toContain(text);
    }
    expect(await page.locator('.wf-step.bad').count()).toBe(1);
    await page.getByText('1 of 2 ready').waitFor();
  }

  async function mendAndRetry(): Promise<void> {
    machines.mend();
    await page.getByRole('button', { name: 'Retry' }).click();
    await seeTasksetEnd(2);
    await step('ok', 'Join the cluster').waitFor();
    await page.getByText('2 of 2 ready').waitFor();
    const notWell = page.locator('.wf-step.bad, .conditions li:not(.ok)');
    await expect.poll(() => notWell.count(), { timeout: PATIENCE_MS }).toBe(0);
    expect(machines.asked('kubeadm-init', 'kubeadm-join')).toEqual([
      ...['kubeadm-init on m1', 'kubeadm-join on m2'],
      ...['kubeadm-init on m1', 'kubeadm-join on m2'],
    ]);
  }

  async function changeTheSpec(): Promise<void> {
    const before = machines.asked('node-metadata').length;
    await page.getByRole('tab', { name: 'Spec' }).click();
    await page.getByText('What is desired is applied.').waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    const editor = page.getByLabel('YAML or JSON');
    const text = await editor.inputValue();
    await editor.fill(text.replace('  config:\n', '  config:\n    location: lisbon\n'));
    await page.getByRole('group', { name: 'Your change' }).getByText('location: lisbon').waitFor();
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.locator('.plan').getByText('Node update').waitFor();
    expect(machines.asked('node-metadata')).toHaveLength(before);
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await seeTasksetEnd(3);
    expect(machines.asked('node-metadata')).toHaveLength(before + 1);
  }

  async function takeTheKubeconfig(): Promise<void> {
    const downloaded = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Kubeconfig' }).click();
    const download = await downloaded;
    expect(download.suggestedFilename()).toBe(`${NAME}.kubeconfig.yaml`);
    const kubeconfig = await readFile(await download.path(), 'utf8');
    expect(kubeconfig).toContain('server: https://127.0.0.1:6443');
    expect(kubeconfig).toContain(`current-context: ${NAME}`);
  }

  async function deleteIt(): Promise<void> {
    const goOn = machines.hold('reset');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByLabel('Type the name of the cluster').fill(NAME);
    await page.getByRole('button', { name: 'Delete the cluster' }).click();
    await seeState('Deleting');
    await step('run', 'Stop and remove Kubernetes').waitFor();
    expect((await ask(`/${NAME}`))[0]).toBe(200);
    goOn();
    await page.getByText('The cluster was deleted').waitFor();
    expect((await ask(`/${NAME}`))[0]).toBe(404);
    expect(machines.asked('reset', 'restore', 'release')).toEqual([
      ...['reset on m2', 'restore on m2', 'release on m2'],
      ...['reset on m1', 'restore on m1', 'release on m1'],
    ]);
    await page.getByRole('link', { name: 'Clusters', exact: true }).click();
    await page.getByRole('heading', { name: 'No clusters yet' }).waitFor();
  }

  function step(tone: 'idle' | 'run' | 'ok' | 'bad', title: string) {
    return page.locator(`.wf-step.${tone}`, { hasText: title });
  }

  async function seeState(word: string): Promise<void> {
    await page.locator('.title .pill', { hasText: new RegExp(`^${word}$`) }).waitFor();
  }

  async function seeTasksetEnd(sequence: number): Promise<void> {
    await page.getByRole('heading', { name: `Taskset #${String(sequence)}` }).waitFor();
    await page.locator('.timeline-head .pill', { hasText: 'Done' }).waitFor();
    await seeState('Ready');
  }

  /** Of the API: its status, and what it says where that is none of success. */
  async function ask(path: string, body?: Cluster): Promise<[status: number, refusal: string]> {
    const answer = await fetch(plinth.url + clustersOf('defaultproject') + path, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'x-api-key': plinth.adminKey.key, 'content-type': 'application/json' },
    });
    const text = await answer.text();
    return [answer.status, answer.ok ? '' : text];
  }
});
