import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Cluster } from '../../core/cluster.js';
import type { ClusterRecord } from '../../core/records.js';
import { CommonConditionStatus } from '../../core/words.js';
import { mayHaveChromium } from '../../scripts/ensureChromium.js';
import { hashApiKey } from '../../api/auth/apiKey.js';
import { tasksetRecord } from '../api/records.js';
import { until } from '../api/until.js';
import {
  logIn,
  openConsole,
  TEMPORAL_UI,
  type OpenConsole,
  type Visitor,
} from '../console/openConsole.js';
import { beginStory, JOIN_FAILURE, type Story, type StoryFailure } from '../console/story.js';
import { recordLook } from '../console/look.js';
import { byNameOnly } from '../fixtures/byNameOnly.js';

/** Skipped, and said so, where there is none and it is not ours to install. */
const there = await mayHaveChromium();
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let open: OpenConsole;
const visitors: Visitor[] = [];
beforeAll(async () => {
  if (there) open = await openConsole();
}, 15 * 60_000);
afterAll(() => (there ? open.close() : undefined));
afterEach(async () => {
  open.api.workflows.running.clear();
  delete open.api.workflows.onNotify;
  await Promise.all(visitors.splice(0).map((visitor) => visitor.close()));
});

async function visit(options: Parameters<OpenConsole['visit']>[0] = {}): Promise<Visitor> {
  const visitor = await open.visit(options);
  visitors.push(visitor);
  return visitor;
}

let clusters = 0;

/** A cluster of a project of its own, applied as people do. */
async function made(change?: (cluster: Cluster) => void): Promise<ClusterRecord> {
  const project = await open.api.project();
  clusters += 1;
  const name = `cluster-${String(clusters)}`;
  const answer = await open.api.apply(project, name, change);
  expect(await answer.text().then((text) => (answer.ok ? '' : text))).toBe('');
  return (await open.api.deps.store.clusters.get(project, name))!;
}

function begin(cluster: ClusterRecord, tasksetId: string, fails?: StoryFailure): Promise<Story> {
  const startedAt = Date.now() - 60_000;
  return beginStory(open.api.deps.store, cluster, {
    ...{ tasksetId, startedAt },
    ...(fails === undefined ? {} : { fails }),
  });
}

const pathOf = ({ project, name }: ClusterRecord): string => `/clusters/${project}/${name}`;
const state = (page: Page) => page.locator('.title .pill');

/** What an expression of the page's own world gives: its types are none of ours. */
function inPage<T = unknown>(page: Page, expression: string): Promise<T> {
  return page.evaluate<T>(expression);
}

/** Answers of this address wait until what is returned is called, which resolves once the page has taken the first. */
async function held(page: Page, address: string): Promise<() => Promise<void>> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(address, async (route) => {
    const response = await route.fetch();
    await released;
    await route.fulfill({ response });
  });
  const answered = page.waitForResponse(address);
  return async () => {
    release();
    await (await answered).finished();
    await inPage(
      page,
      'new Promise((taken) => requestIdleCallback(() => requestAnimationFrame(taken)))',
    );
  };
}

/** A page that is hidden lets its stream go, and opens it again when it is seen. */
function hideAndShow(page: Page): Promise<unknown> {
  return inPage(
    page,
    `for (const value of [true, false]) {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }`,
  );
}

/** No violation of any rule of WCAG A and AA, nor of what axe calls best practice. */
async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const violations = await inPage(
    page,
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
      [id, ...nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary)]))`,
  );
  expect(violations).toEqual([]);
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [wide, seen] = await inPage<number[]>(
    page,
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  expect(wide!).toBeLessThanOrEqual(seen!);
}

describe.skipIf(!there)('the console, in Chromium', () => {
  test('shows the exact command to begin with while there is no cluster', async () => {
    const { page, complaints } = await visit();
    await page.getByRole('heading', { name: 'No clusters yet' }).waitFor();
    expect(await page.getByRole('group', { name: 'with curl' }).innerText()).toContain(
      `${open.url}/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters`,
    );
    expect(await page.getByRole('group', { name: 'with the command line' }).innerText()).toBe(
      `node bin/plinth.js --server ${open.url} apply -f examples/minimal.yaml`,
    );
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  describe('logging in', () => {
    test('with a wrong key says so, and with the right one goes on to where one wanted to be', async () => {
      const cluster = await made();
      const { page, complaints } = await visit({ key: null, path: pathOf(cluster) });
      await page.getByLabel('API key').fill('plinth_wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page
        .getByRole('alert')
        .getByText('this API key is not known here, or was revoked')
        .waitFor();
      await expectAccessible(page);
      await logIn(page, open.api.adminKey);
      await page.getByRole('heading', { name: cluster.name }).waitFor();
      // The browser itself reports the 401.
      expect(complaints.filter((one) => !one.includes('401'))).toEqual([]);
    });

    test('leaves the key nowhere in the page or in the browser’s storage', async () => {
      const { page } = await visit();
      const kept = await inPage<string[]>(
        page,
        `[document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage),
          document.cookie, ...[...document.querySelectorAll('input')].map(({ value }) => value)]`,
      );
      for (const text of kept) expect(text).not.toContain(open.api.adminKey);
      expect(kept[3]).toBe('');
    });

    test('lasts over a reload, and ends with logging out', async () => {
      const { page } = await visit();
      await page.reload();
      await page.getByRole('heading', { name: 'Clusters' }).waitFor();
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('API key').waitFor();
      await page.reload();
      await page.getByLabel('API key').waitFor();
    });

    test('ends when the key is revoked, while one looks', async () => {
      const cluster = await made();
      const key = await open.api.key('viewer', cluster.project);
      const { page } = await visit({ key, path: '/' });
      await page.getByRole('link', { name: cluster.name }).waitFor();
      const { apiKeys } = open.api.deps.store;
      await apiKeys.revoke((await apiKeys.findByHash(hashApiKey(key)))!.id);
      await page.getByText('The session has ended: log in again').waitFor();
      expect(await page.getByText(cluster.name).count()).toBe(0);
    });

    test('with a viewer’s key shows no button that would be refused', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'viewer1', JOIN_FAILURE);
      await story.writeAt(story.length);
      const key = await open.api.key('viewer', cluster.project);
      const { page } = await visit({ key, path: pathOf(cluster) });
      await state(page).getByText('Failed').waitFor();
      for (const name of ['Retry', 'Cancel', 'Delete', 'Kubeconfig']) {
        expect(await page.getByRole('button', { name }).count()).toBe(0);
      }
    });
  });

  describe('the list', () => {
    test('is there before its script, which keeps its elements and what was typed into them', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'list000');
      await story.writeAt(3);
      await open.api.project();
      const { page, go, complaints } = await visit({ path: pathOf(cluster) });
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      await page.route('**/assets/console-*.js', async (route) => {
        await released;
        await route.continue();
      });
      // With a choice of project, whose select has a value.
      const going = go(`/?project=${cluster.project}`);
      const row = page.getByRole('row', { name: new RegExp(cluster.name) });
      await row.getByText('Working').waitFor();
      expect(await page.getByLabel('Filter by project').inputValue()).toBe(cluster.project);
      await page.getByLabel('Filter by the beginning of the name').fill('clu');
      await page.getByLabel('Filter by label').focus();
      await inPage(page, `void (window.sent = [...document.querySelectorAll('#root main *')])`);
      release();
      await going;
      // Counted in the moment in which it is seen: a quarter of a second later what was typed has another list come.
      const taken = await inPage<number[]>(
        page,
        `new Promise((resolve) => {
          const look = () => {
            const time = document.querySelector('time');
            if (time === null || time.title === time.dateTime) return requestAnimationFrame(look);
            const there = [...document.querySelectorAll('#root main *')];
            resolve([sent.filter((one) => !one.isConnected).length,
              there.filter((one) => !sent.includes(one)).length]);
          };
          look();
        })`,
      );
      expect(await inPage<number>(page, 'sent.length')).toBeGreaterThan(40);
      expect(taken).toEqual([0, 0]);
      expect(await page.getByLabel('Filter by the beginning of the name').inputValue()).toBe('clu');
      expect(await page.getByLabel('Filter by project').inputValue()).toBe(cluster.project);
      await page.waitForURL((url) => url.searchParams.get('name') === 'clu*');
      await page.getByRole('button', { name: 'Ready', exact: true }).click();
      await page.getByRole('heading', { name: 'No cluster like that' }).waitFor();
      expect(complaints).toEqual([]);
    });

    test('is sent in the theme that was chosen', async () => {
      await made();
      const { page, complaints } = await visit({ path: '/' });
      const theme = 'document.documentElement.dataset.theme';
      await page.getByRole('button', { name: 'Theme: as the computer’s' }).click();
      await page.getByRole('button', { name: 'Theme: light' }).click();
      expect(await inPage(page, theme)).toBe('dark');
      await page.route('**/assets/console-*.js', (route) => route.abort());
      await page.reload();
      expect(await inPage(page, theme)).toBe('dark');
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      expect(complaints.filter((one) => !one.includes('ERR_FAILED'))).toEqual([]);
    });

    test('shows where each cluster stands, and follows', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'list001');
      await story.writeAt(3);
      const { page, complaints } = await visit({ path: `/?project=${cluster.project}` });
      const row = page.getByRole('row', { name: new RegExp(cluster.name) });
      await row.getByText('Working').waitFor();
      expect(await row.innerText()).toMatch(/v1\.34\.4[^]*default[^]*0\/3[^]*Cluster creation/);
      expect(await row.innerText()).toMatch(/step \d+ of 18: /);
      await story.writeAt(story.length);
      await row.getByText('Ready', { exact: true }).waitFor();
      await row.getByText('3/3').waitFor();
      expect(await row.innerText()).not.toContain('step ');
      expect(complaints).toEqual([]);
    });

    test('is filtered by name, status, project and label, in the address', async () => {
      const one = await made((cluster) => {
        cluster.metadata.labels = { env: 'prod' };
      });
      const project = one.project;
      await open.api.apply(project, 'other', (cluster) => {
        cluster.metadata.labels = { env: 'lab' };
      });
      const failing = await begin(one, 'list002', JOIN_FAILURE);
      await failing.writeAt(failing.length);
      const { page, complaints } = await visit();
      const names = () => page.locator('.row-link').allInnerTexts();
      await page.getByLabel('Filter by project').selectOption(project);
      await expect.poll(names).toEqual([one.name, 'other']);
      await page.getByRole('button', { name: 'Failed' }).click();
      await expect.poll(names).toEqual([one.name]);
      await page.getByRole('button', { name: 'All', exact: true }).click();
      await page.getByLabel('Filter by label').fill('env=lab');
      await page.keyboard.press('Enter');
      await expect.poll(names).toEqual(['other']);
      await page.getByLabel('Filter by label').fill('');
      await page.keyboard.press('Enter');
      await page.getByLabel('Filter by the beginning of the name').fill('clus');
      await expect.poll(names).toEqual([one.name]);
      expect(new URL(page.url()).search).toBe(`?project=${project}&name=clus*`);
      await page.reload();
      await expect.poll(names).toEqual([one.name]);
      expect(await page.getByLabel('Filter by the beginning of the name').inputValue()).toBe(
        'clus',
      );
      await page.getByLabel('Filter by the beginning of the name').fill('nothing');
      await page.getByRole('heading', { name: 'No cluster like that' }).waitFor();
      expect(complaints).toEqual([]);
    });

    test('is seen by two people at once: what one does the other sees, without asking again', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'list003', JOIN_FAILURE);
      await story.writeAt(story.length);
      const key = await open.api.key('viewer', cluster.project);
      const [one, other] = [await visit({ path: pathOf(cluster) }), await visit({ key })];
      const row = other.page.getByRole('row', { name: new RegExp(cluster.name) });
      await row.getByText('Failed').waitFor();
      const asked: string[] = [];
      other.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await one.page.getByRole('button', { name: 'Retry' }).click();
      await row.getByText('Waiting').waitFor();
      await open.api.apply(cluster.project, 'another');
      await other.page.getByRole('row', { name: /another/ }).waitFor();
      await one.page.getByRole('button', { name: 'Delete' }).click();
      await one.page.getByLabel('Type the name of the cluster').fill(cluster.name);
      await one.page.getByRole('button', { name: 'Delete the cluster' }).click();
      await row.getByText('Deleting').waitFor();
      await open.api.deps.store.clusters.remove(cluster.id);
      await expect.poll(() => row.count()).toBe(0);
      expect(await other.page.locator('.page-head .count').innerText()).toBe('1');
      expect(asked).toEqual([]);
      expect(other.complaints).toEqual([]);
    });

    test('is asked for once, however long one looks', async () => {
      const { project } = await made();
      const { page } = await visit({ path: '/', key: null });
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await logIn(page, await open.api.key('viewer', project));
      await page.locator('.row-link').waitFor();
      const done = Date.now() + 8000;
      // By its own clock, which shows that the page is at work: times that it shows grow.
      await expect.poll(() => Date.now() > done, { timeout: 20_000, interval: 500 }).toBe(true);
      expect(asked.filter((path) => path.includes('clusters'))).toEqual([
        '/console/clusters/events',
      ]);
    });

    test('goes on from where it was after its stream was cut, and is asked for while there is none', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'list004');
      await story.writeAt(3);
      const { page } = await visit({ path: `/?project=${cluster.project}` });
      const row = page.getByRole('row', { name: new RegExp(cluster.name) });
      await row.getByText('Working').waitFor();
      const [streams, lists] = ['**/console/clusters/events?*', '**/console/clusters?*'];
      const lost = page.getByText('the server does not answer');
      await page.route(streams, (route) => route.abort());
      await page.route(lists, (route) => route.abort());
      const again = page.waitForRequest(
        (request) => request.headers()['last-event-id'] !== undefined,
      );
      await hideAndShow(page);
      await lost.waitFor();
      expect((await (await again).allHeaders())['last-event-id']).toMatch(/^[\w-]{8}(\.[\w-]{8})$/);
      await story.writeAt(story.length);
      await page.unroute(lists);
      await row.getByText('Ready', { exact: true }).waitFor();
      await expect.poll(() => lost.count()).toBe(0);
      await open.api.apply(cluster.project, 'another');
      const opened = page.waitForRequest(streams);
      await page.unroute(streams);
      await opened;
      await page.getByRole('row', { name: /another/ }).waitFor();
      await row.getByText('Ready', { exact: true }).waitFor();
      expect(await page.locator('.page-head .count').innerText()).toBe('2');
    });

    test('is followed for what it is filtered by last', async () => {
      const { project } = await made();
      await open.api.apply(project, 'other');
      const { page } = await visit({ path: `/?project=${project}` });
      const names = () => page.locator('.row-link').allInnerTexts();
      await expect.poll(names).toHaveLength(2);
      await page.getByLabel('Filter by the beginning of the name').fill('o');
      await expect.poll(names).toEqual(['other']);
      await open.api.apply(project, 'others');
      await open.api.apply(project, 'cluster-none');
      await expect.poll(names).toEqual(['other', 'others']);
    });

    test('says what is wrong with a label filter', async () => {
      const { page } = await visit({ path: '/?label=a%20b%20c' });
      await page.getByRole('alert').getByText('not valid').waitFor();
    });

    test('has pages', async () => {
      const { project } = await made();
      const { store } = open.api.deps;
      const { desired, secretsHash } = (await store.clusters.list(project, { limit: 1 })).items[0]!;
      for (let number = 1; number <= 29; number++) {
        const name = `page-${String(number).padStart(2, '0')}`;
        const named = { ...desired, metadata: { ...desired.metadata, name } };
        await store.clusters.apply({ project, name, desired: named, secretsHash });
      }
      const { page } = await visit({ path: `/?project=${project}` });
      await expect.poll(() => page.locator('.row-link').count()).toBe(25);
      expect(await page.locator('.page-head .count').innerText()).toBe('30');
      await page.getByRole('link', { name: 'Next page' }).click();
      await expect.poll(() => page.locator('.row-link').allInnerTexts()).toContain('page-29');
      expect(await page.locator('.row-link').count()).toBe(5);
      await page.getByRole('link', { name: 'First page' }).click();
      await expect.poll(() => page.locator('.row-link').count()).toBe(25);
    });
  });

  describe('a cluster', () => {
    test('goes its whole way while one looks: steps, conditions, nodes', async () => {
      const cluster = await made();
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      await state(page).getByText('Waiting').waitFor();
      await page.getByText('Nothing has been done yet').waitFor();
      const story = await begin(cluster, 'whole01');
      await story.writeAt(5);
      await state(page).getByText('Working').waitFor();
      await page
        .getByText(/Step \d+ of 18/)
        .first()
        .waitFor();
      const conditions = page.getByRole('list', { name: 'Conditions' });
      await conditions.getByText('registered').waitFor();
      await story.writeAt(story.length - 10);
      await conditions.getByText('all nodes synced').waitFor();
      await page.getByRole('tab', { name: 'Nodes' }).click();
      await expect.poll(() => page.locator('.node-table .pill.ok').count()).toBe(3);
      expect(await page.locator('.node-table').innerText()).toMatch(
        /m1\s*control plane, worker\s*Ready[^]*192\.168[^]*Debian12\s*4 CPUs, 7\.8 GiB\s*amd64\s*v1\.34\.4/,
      );
      await story.writeAt(story.length);
      await state(page).getByText('Ready').waitFor();
      expect(await conditions.locator('.ok').count()).toBe(12);
      await page.getByRole('tab', { name: 'Timeline' }).click();
      await page
        .getByRole('region', { name: 'History' })
        .getByText('Cluster creation, Blueprint sync')
        .waitFor();
      expect(complaints).toEqual([]);
    });

    test('shows a waterfall: bars where and as long as steps ran, and a link to Temporal', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'water01');
      await story.writeAt(story.length);
      const { page } = await visit({ path: pathOf(cluster) });
      const step = page.locator('.wf-step', { hasText: 'Install packages' });
      await step.waitFor();
      const bars = await Promise.all(
        (await step.locator('.bar').all()).map((bar) => bar.boundingBox()),
      );
      expect(bars).toHaveLength(3);
      const before = await page
        .locator('.wf-step', { hasText: 'Prepare the operating system' })
        .locator('.bar')
        .first()
        .boundingBox();
      expect(Math.abs(bars[0]!.x - (before!.x + before!.width))).toBeLessThan(3);
      const link = page.getByRole('link', { name: 'Temporal' }).first();
      const id = `ClusterCreation/${cluster.project}/${cluster.name}/water01`;
      expect(await link.getAttribute('href')).toBe(
        `${TEMPORAL_UI.url}/namespaces/default/workflows/${encodeURIComponent(id)}`,
      );
    });

    test('keeps focus, scroll and what was opened while it changes', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'keeps01');
      await story.writeAt(20);
      const { page } = await visit({
        path: pathOf(cluster),
        viewport: { width: 1000, height: 500 },
      });
      const step = page.getByRole('button', { name: /Gather facts/ });
      await step.click();
      const row = page.locator('.wf-machine:nth-child(2)').first();
      await row.waitFor();
      await inPage(
        page,
        "document.querySelector('.wf-machine:nth-child(2)').dataset.mark = 'same'",
      );
      await inPage(page, 'scrollTo(0, 300)');
      const focused = () => inPage(page, 'document.activeElement.textContent');
      const text = await focused();
      for (let second = 22; second < 90; second += 6) await story.writeAt(second);
      await page.getByRole('list', { name: 'Conditions' }).getByText('checked in').waitFor();
      expect(await focused()).toBe(text);
      expect(await inPage(page, 'scrollY')).toBe(300);
      expect(await row.getAttribute('data-mark')).toBe('same');
    });

    test('that fails shows where, its last lines and what to do; retry goes on', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'fails01', JOIN_FAILURE);
      await story.writeAt(story.length - 1);
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      await state(page).getByText('Working').waitFor();
      expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
      await story.writeAt(story.length);
      await state(page).getByText('Failed').waitFor();
      const { message, lastLines, hint, command } = JOIN_FAILURE.failure;
      const failure = page.locator('.wf-step.bad .failure');
      await failure.waitFor();
      expect(await page.locator('.wf-step.run').count()).toBe(0);
      const shown = await failure.innerText();
      for (const text of [
        message,
        `$ ${command!}`,
        'exit code 1',
        ...lastLines!.map((line) => line.trim()),
        hint!,
      ]) {
        expect(shown).toContain(text);
      }
      open.api.workflows.onNotify = async () => {
        const record = (await open.api.deps.store.clusters.get(cluster.project, cluster.name))!;
        const again = await begin(record, 'fails02');
        await again.writeAt(30);
      };
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByText('Going on where it failed').waitFor();
      await page.getByText('Taskset #2').waitFor();
      await state(page).getByText('Working').waitFor();
      expect(await page.locator('.wf-step.bad').count()).toBe(0);
      const history = page.getByRole('region', { name: 'History' });
      await history.getByRole('link', { name: /#1/ }).click();
      await page.getByText('Taskset #1').waitFor();
      expect(new URL(page.url()).search).toBe('?taskset=fails01');
      expect(complaints).toEqual([]);
    });

    test('shows what was done long ago when it is asked for', async () => {
      const cluster = await made();
      const { tasksets } = open.api.deps.store;
      for (let n = 1; n <= 102; n += 1) {
        await tasksets.begin(tasksetRecord({ id: `old-${String(n)}`, clusterId: cluster.id }));
      }
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      const history = page.getByRole('region', { name: 'History' });
      await history.getByText('#3', { exact: true }).waitFor();
      expect(await history.getByText('#2', { exact: true }).count()).toBe(0);
      await history.getByRole('button', { name: 'Older' }).click();
      await history.getByText('#1', { exact: true }).waitFor();
      expect(await history.getByRole('listitem').count()).toBe(102);
      expect(await history.getByRole('button', { name: 'Older' }).count()).toBe(0);
      expect(complaints).toEqual([]);
    });

    test('shows the taskset that was chosen last, whichever answer comes last', async () => {
      const cluster = await made();
      for (const id of ['chosen1', 'chosen2', 'chosen3']) {
        const story = await begin(cluster, id);
        await story.writeAt(story.length);
      }
      const { page } = await visit({ path: pathOf(cluster) });
      await page.getByText('Taskset #3').waitFor();
      const answer = await held(page, '**/tasksets/chosen1');
      const history = page.getByRole('region', { name: 'History' });
      await history.getByRole('link', { name: /#1/ }).click();
      await history.getByRole('link', { name: /#2/ }).click();
      await page.getByText('Taskset #2').waitFor();
      await answer();
      expect(await page.locator('#timeline-title').innerText()).toBe('Taskset #2');
    });

    test('shows the log of a step, and each line as it is written', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'logs001');
      await story.writeAt(20);
      const append = (offset: number, line: string) =>
        open.api.deps.store.logs.append({
          ...{ clusterId: cluster.id, tasksetId: 'logs001', operation: 'ClusterCreation' },
          ...{ node: 'm1', step: 'packages', attempt: 1, offset, lines: [line] },
          at: new Date().toISOString(),
        });
      await append(10, 'Reading package lists');
      const { page } = await visit({ path: pathOf(cluster) });
      await page.getByRole('button', { name: /Install packages/ }).click();
      await page.getByRole('button', { name: 'Log of Install packages on m1' }).click();
      const log = page.getByRole('log');
      await log.getByText('Reading package lists').waitFor();
      await append(20, 'Unpacking <containerd>');
      await log.getByText('Unpacking <containerd>').waitFor();
      await page.getByRole('button', { name: 'Log of Install packages on m1' }).click();
      await expect.poll(() => log.count()).toBe(0);
    });

    test('is cancelled after one has said so twice', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'cancel1');
      await story.writeAt(20);
      open.api.workflows.running.add(`${cluster.project}/${cluster.name}`);
      const { page } = await visit({ path: pathOf(cluster) });
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Never mind' }).click();
      expect(open.api.workflows.cancelled).not.toContain(`${cluster.project}/${cluster.name}`);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Cancel the operation' }).click();
      const cancelled = () => open.api.workflows.cancelled;
      await expect.poll(cancelled).toContain(`${cluster.project}/${cluster.name}`);
      await page.getByText('It stops at the next safe point').last().waitFor();
    });

    test('is deleted by typing its name, and the page says when it is gone', async () => {
      const cluster = await made();
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      await page.getByRole('button', { name: 'Delete' }).click();
      const button = page.getByRole('button', { name: 'Delete the cluster' });
      expect(await button.isDisabled()).toBe(true);
      await page.getByLabel('Type the name of the cluster').fill(cluster.name.slice(0, -1));
      await page.keyboard.press('Enter');
      expect(await button.isDisabled()).toBe(true);
      await page.getByLabel('Type the name of the cluster').fill(cluster.name);
      await button.click();
      await state(page).getByText('Deleting').waitFor();
      const { store } = open.api.deps;
      expect((await store.clusters.getById(cluster.id))?.deleting).toBe(true);
      await store.clusters.remove(cluster.id);
      await page.getByText('The cluster was deleted').waitFor();
      await state(page).getByText('Deleted').waitFor();
      await page.getByText('0 of 0 ready').waitFor();
      expect(complaints).toEqual([]);
    });

    test('is seen by two people at once: what one does the other sees', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'twosee1', JOIN_FAILURE);
      await story.writeAt(story.length);
      const one = await visit({ path: pathOf(cluster) });
      const key = await open.api.key('viewer', cluster.project);
      const other = await visit({ path: pathOf(cluster), key });
      await state(other.page).getByText('Failed').waitFor();
      await one.page.getByRole('button', { name: 'Retry' }).click();
      await state(other.page).getByText('Waiting').waitFor();
      expect([...one.complaints, ...other.complaints]).toEqual([]);
    });

    test('that there is none of, or that is not one’s own, is said to be so', async () => {
      const { page } = await visit({ path: '/clusters/defaultproject/nowhere' });
      await page.getByRole('heading', { name: 'There is no cluster nowhere' }).waitFor();
    });

    test('goes on after the connection was lost, from where it was', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'resume1');
      await story.writeAt(5);
      const { page } = await visit({ path: pathOf(cluster) });
      await state(page).getByText('Working').waitFor();
      const asked = page.waitForRequest(
        (request) => request.headers()['last-event-id'] !== undefined,
      );
      await page.route('**/events', (route) => route.abort());
      await hideAndShow(page);
      await page.getByText('The connection to the server is lost').waitFor();
      await story.writeAt(story.length);
      await page.unroute('**/events');
      await state(page).getByText('Ready').waitFor();
      expect((await asked).headers()['last-event-id']).toMatch(/^[\w-]+(\.[\w-]+){3}$/);
      expect(await page.getByText('The connection to the server is lost').count()).toBe(0);
    });
  });

  describe('machines', () => {
    test('that registered are let in by a person', async () => {
      const cluster = await made(({ spec }) => {
        spec.config.nodes = spec.config.nodes.map(byNameOnly);
      });
      const { store } = open.api.deps;
      await store.nodes.upsert(cluster.id, 'm1', {
        spec: cluster.desired.spec.config.nodes[0]!,
        status: 'DISCOVERED',
      });
      await store.registrations.put(cluster.id, {
        ...{ hostname: 'm1', address: '10.1.2.3', addresses: ['10.1.2.3'], username: 'plinth' },
        ...{ port: 22, operatingSystem: 'Debian12', arch: 'amd64', hostKeys: ['SHA256:abc'] },
        registeredAt: new Date().toISOString(),
      });
      const { page, complaints } = await visit({ path: `${pathOf(cluster)}?tab=nodes` });
      await page.getByRole('button', { name: 'Approve m1' }).click();
      const dialog = page.getByRole('dialog', { name: 'Let m1 in?' });
      expect(await dialog.innerText()).toMatch(/10\.1\.2\.3[^]*Debian12, amd64[^]*SHA256:abc/);
      await expectAccessible(page);
      await dialog.getByRole('button', { name: 'Approve' }).click();
      await expect
        .poll(async () => (await store.registrations.get(cluster.id, 'm1'))?.approvedBy)
        .toContain('admin key');
      await expect.poll(() => page.getByRole('button', { name: 'Approve m1' }).count()).toBe(0);
      expect(complaints).toEqual([]);
    });

    test('whose host key has changed are trusted again by a person', async () => {
      const cluster = await made();
      const { hostKeys } = open.api.deps.store;
      const pinned = {
        key: 'ssh-ed25519 AAAA',
        fingerprint: 'SHA256:old',
        source: 'first-use',
      } as const;
      await hostKeys.pin({ clusterId: cluster.id, hostname: 'm1', ...pinned });
      await hostKeys.notePending(cluster.id, 'm1', 'ssh-ed25519 BBBB', 'SHA256:new');
      const { page } = await visit({ path: `${pathOf(cluster)}?tab=nodes` });
      await page.getByText('The SSH host key of m1 has changed').waitFor();
      await page.getByRole('button', { name: 'Accept the host key of m1' }).click();
      await page.getByRole('button', { name: 'Accept the new key' }).click();
      await expect
        .poll(async () => (await hostKeys.get(cluster.id, 'm1'))?.fingerprint)
        .toBe('SHA256:new');
    });
  });

  describe('machines that are away, and have to leave', () => {
    async function away(deleting: boolean): Promise<ClusterRecord> {
      const cluster = await made();
      const { clusters, nodes } = open.api.deps.store;
      const spec = {
        ...cluster.desired.spec.config.nodes[1]!,
        ...(deleting ? {} : { hostname: 'm9' }),
      };
      if (deleting) await clusters.markDeleting(cluster.project, cluster.name);
      const message = 'nobody answers at 192.0.2.7:22';
      await nodes.upsert(cluster.id, spec.hostname, {
        ...{ spec, status: 'FAILED', claimed: true, leaving: true },
        lastError: { node: spec.hostname, step: 'reset', code: 'MachineUnreachable', message },
      });
      await clusters.setCommonStatus(cluster.id, {
        ...{ conditionStatus: CommonConditionStatus.Failed, reason: message },
        ...{ sequence: 1, generation: cluster.generation },
      });
      return cluster;
    }

    test.each([
      ['removed from the spec', 'm9', false],
      ['of a cluster that is deleted', 'm2', true],
    ])('%s are given up by a person who has said so', async (_what, hostname, deleting) => {
      const cluster = await away(deleting);
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      await page.getByText(`To leave, and not to be reached: ${hostname}`).waitFor();
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Give up …' }).click();
      const dialog = page.getByRole('dialog', { name: `Give up ${hostname}?` });
      expect(await dialog.innerText()).toContain('nobody answers at 192.0.2.7:22');
      const goOn = dialog.getByRole('button', { name: 'Give up and go on' });
      expect(await goOn.isDisabled()).toBe(true);
      await dialog.getByRole('checkbox').check();
      await expectAccessible(page);
      await goOn.click();
      await page.getByText('Going on without what does not answer').waitFor();
      const record = await open.api.deps.store.clusters.getById(cluster.id);
      expect(record).toMatchObject({ force: true, deleting });
      expect(complaints).toEqual([]);
    });

    test('are shown to a viewer without a way to give them up', async () => {
      const cluster = await away(false);
      const key = await open.api.key('viewer', cluster.project);
      const { page } = await visit({ key, path: pathOf(cluster) });
      await page.getByText('To leave, and not to be reached: m9').waitFor();
      expect(await page.getByRole('button', { name: 'Give up …' }).count()).toBe(0);
    });
  });

  describe('health', () => {
    test('is shown in short: what ends, what is full, what drifted, how old the snapshots are', async () => {
      const cluster = await made();
      const now = Date.now();
      await recordLook(open.api.deps.store, cluster, {
        at: new Date(now - 12_000).toISOString(),
        machines: {
          m1: { certificatesExpireAt: new Date(now + 9.5 * 86_400_000).toISOString() },
          m2: { disks: [{ path: '/var/lib', usedPercent: 91, freeMiB: 900 }] },
          m3: { drift: ['swap is on'] },
        },
      });
      const { page, complaints } = await visit({ path: pathOf(cluster) });
      const panel = page.getByRole('region', { name: 'Health' });
      await panel.waitFor();
      const text = (await panel.innerText()).replaceAll(/\s+/g, ' ');
      expect(text).toMatch(/looked at 1\d s ago through m1/);
      expect(text).toContain('etcd 1 member, all healthy');
      expect(text).toContain('Certificates end in 9 d on m1');
      expect(text).toContain('Fullest disk 91 % /var/lib on m2');
      expect(text).toContain('Drift 1 machine');
      expect(text).toContain('Snapshots none yet');
      expect(text).toContain('swap is on');
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });

    test('is not shown before the first look', async () => {
      const cluster = await made();
      const { page, complaints } = await visit();
      const answered = page.waitForResponse('**/health');
      await page.goto(open.url + pathOf(cluster));
      expect(await (await answered).json()).toBeNull();
      await page.getByRole('heading', { name: cluster.name }).waitFor();
      expect(await page.getByRole('region', { name: 'Health' }).count()).toBe(0);
      expect(complaints).toEqual([]);
    });
  });

  describe('a cluster that another project shares', () => {
    test('is in the list, opens, and can only be read', async () => {
      const other = await open.api.project();
      const cluster = await made(({ spec }) => {
        spec.sharing = { enabled: true, projects: [{ name: other }] };
      });
      const story = await begin(cluster, 'shared1', JOIN_FAILURE);
      await story.writeAt(story.length);
      const key = await open.api.key('admin', other);
      const { page, complaints } = await visit({ key });
      const row = page.getByRole('row').filter({ hasText: cluster.name });
      expect(await row.innerText()).toContain(`shared by ${cluster.project}`);
      await expectAccessible(page);
      await page.getByRole('link', { name: cluster.name }).click();
      await page.getByText(`Shared by the project ${cluster.project}`).waitFor();
      await page.getByText('Taskset #1').waitFor();
      await page.getByRole('button', { name: 'Log of Join the cluster on m3' }).click();
      await page.getByText('It has written nothing yet.').waitFor();
      expect(await page.locator('.actions').count()).toBe(0);
      await page.getByRole('tab', { name: 'Spec' }).click();
      await page.getByText('The whole spec').waitFor();
      expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });

    test('is one link away from its own project for who may enter that', async () => {
      const other = await open.api.project();
      const cluster = await made(({ spec }) => {
        spec.sharing = { enabled: true, projects: [{ name: other }] };
      });
      const { page } = await visit({ path: `/?project=${other}` });
      await page.getByRole('link', { name: cluster.name }).click();
      await page.getByRole('link', { name: 'Open it there' }).click();
      await page.getByRole('button', { name: 'Delete' }).waitFor();
      expect(new URL(page.url()).pathname).toBe(pathOf(cluster));
    });
  });

  describe('what one takes away', () => {
    test('the kubeconfig, as a file', async () => {
      const cluster = await made();
      const { store, vault } = open.api.deps;
      const { page } = await visit({ path: pathOf(cluster) });
      await page.getByRole('button', { name: 'Kubeconfig' }).click();
      await page.getByText('has no kubeconfig yet').waitFor();
      const text = 'apiVersion: v1\nkind: Config\n';
      await store.secrets.put(cluster.id, 'kubeconfig', vault.seal(cluster.id, text));
      const downloaded = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Kubeconfig' }).click();
      const download = await downloaded;
      expect(download.suggestedFilename()).toBe(`${cluster.name}.kubeconfig.yaml`);
      expect(await readFile(await download.path(), 'utf8')).toBe(text);
    });

    test('the installer command, with a button that copies it', async () => {
      const cluster = await made();
      const { page } = await visit({
        path: pathOf(cluster),
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.getByRole('button', { name: 'Installer command' }).click();
      const command = await page.getByRole('group', { name: 'the installer command' }).innerText();
      expect(command).toContain('http://plinth.test:8080');
      await page.getByRole('button', { name: 'Copy: the installer command' }).click();
      await page.getByText('Copied').waitFor();
      expect(await inPage(page, 'navigator.clipboard.readText()')).toBe(command);
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      expect(await inPage(page, 'document.activeElement.textContent')).toBe('Installer command');
    });
  });

  describe('the spec', () => {
    test('is shown with what differs from what is applied', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'spec001');
      await story.writeAt(story.length);
      const { page } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByText('What is desired is applied.').waitFor();
      await open.api.apply(cluster.project, cluster.name, ({ spec }) => {
        spec.config.nodes = cluster.desired.spec.config.nodes.toReversed();
        spec.config.location = 'berlin';
      });
      const diff = page.getByRole('group', { name: 'From what is applied to what is desired' });
      await diff.waitFor();
      expect(await diff.locator('.added, .removed').allInnerTexts()).toEqual([
        expect.stringMatching(/^\+\s+location: berlin$/),
      ]);
    });

    test('is changed: the difference as one writes, then applied', async () => {
      const cluster = await made();
      const { page, complaints } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      const text = await editor.inputValue();
      expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
      await editor.fill(text.replace('v1.34.4', 'v0.1.2'));
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('alert').getByText('spec.config.kubernetesVersion').waitFor();
      await editor.fill(text.replace('  config:\n', '  config:\n    location: lisbon\n'));
      const diff = page.getByRole('group', { name: 'Your change' });
      expect(await diff.locator('.added, .removed').allInnerTexts()).toEqual([
        expect.stringMatching(/^\+\s+location: lisbon$/),
      ]);
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('Applied: what has to be done').waitFor();
      const { clusters } = open.api.deps.store;
      const record = await clusters.get(cluster.project, cluster.name);
      expect(record?.desired.spec.config.location).toBe('lisbon');
      expect(complaints.filter((one) => !one.includes('400'))).toEqual([]);
    });

    test('is tried first: the plan with its reasons, and what would be refused; nothing is changed', async () => {
      const cluster = await made();
      const story = await begin(cluster, 'plan001');
      await story.writeAt(story.length);
      const { page, complaints } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      const text = await editor.inputValue();
      await editor.fill(text.replace('v1.34.4', 'v1.35.4'));
      await page.getByRole('button', { name: 'Show the plan' }).click();
      const plan = page.locator('.plan');
      await plan.getByText('Cluster upgrade').waitFor();
      expect(await plan.innerText()).toMatch(
        /this is what would be done[^]*m1[^]*Drain the node[^]*m2/,
      );
      await editor.fill(text.replace('10.240.0.0/12', '10.128.0.0/12'));
      await expect.poll(() => plan.count()).toBe(0);
      await page.getByRole('button', { name: 'Show the plan' }).click();
      await plan.getByText('spec.config.network.podSubnet').waitFor();
      await expectAccessible(page);
      const record = await open.api.deps.store.clusters.get(cluster.project, cluster.name);
      expect(record?.generation).toBe(1);
      expect(complaints).toEqual([]);
    });

    test.each([
      ['plan', 'v1.35.4', '.plan'],
      ['refusal', 'v0.1.2', '.problem'],
    ])('of a text that one has gone on from, no %s is shown', async (_what, version, shown) => {
      const cluster = await made();
      const story = await begin(cluster, `late-${version}`);
      await story.writeAt(story.length);
      const { page } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      const text = (await editor.inputValue()).replace('v1.34.4', version);
      const tryOut = page.getByRole('button', { name: 'Show the plan' });
      await editor.fill(text);
      const answer = await held(page, '**/*dryRun=true');
      await tryOut.click();
      await editor.fill(`${text}\n`);
      await answer();
      await expect.poll(() => tryOut.isEnabled()).toBe(true);
      expect(await page.locator(shown).count()).toBe(0);
      await tryOut.click();
      await page.locator(shown).waitFor();
    });

    test('that one went on writing while it was applied keeps what was written', async () => {
      const cluster = await made();
      const { page, complaints } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      const located = (place: string): string =>
        text.replace('  config:\n', `  config:\n    location: ${place}\n`);
      const text = await editor.inputValue();
      await editor.fill(located('lisbon'));
      const answer = await held(page, '**/projects/*/clusters');
      await page.getByRole('button', { name: 'Apply' }).click();
      await editor.fill(located('porto'));
      await answer();
      await page.getByText('Applied as it stood then').waitFor();
      expect(await editor.inputValue()).toBe(located('porto'));
      const diff = page.getByRole('group', { name: 'Your change' });
      expect(await diff.locator('.added, .removed').allInnerTexts()).toHaveLength(2);
      const { clusters } = open.api.deps.store;
      const location = async (): Promise<string | undefined> =>
        (await clusters.get(cluster.project, cluster.name))?.desired.spec.config.location;
      expect(await location()).toBe('lisbon');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('Applied: what has to be done').waitFor();
      expect(await location()).toBe('porto');
      expect(complaints).toEqual([]);
    });

    test('is applied with force where a refusal says that it needs it, and one has said so', async () => {
      const cluster = await made();
      const { page } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      expect(await page.getByRole('checkbox').count()).toBe(0);
      const roles = /roles:\n +- Worker/;
      const even = (await editor.inputValue()).replace(roles, (found) =>
        found.replace('Worker', 'ControlPlane'),
      );
      await editor.fill(even);
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('alert').getByText('apply it with force=true').waitFor();
      await page.getByLabel('Give up machines that leave').check();
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Apply, and give up what does not answer' }).click();
      await page.getByText('Applied: what has to be done').waitFor();
      const { clusters } = open.api.deps.store;
      expect(await clusters.get(cluster.project, cluster.name)).toMatchObject({ force: true });
    });

    test('that somebody else has changed meanwhile is not written over', async () => {
      const cluster = await made();
      const { page } = await visit({ path: `${pathOf(cluster)}?tab=spec` });
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      await editor.fill(
        (await editor.inputValue()).replace('  config:\n', '  config:\n    location: mine\n'),
      );
      await open.api.apply(cluster.project, cluster.name, ({ spec }) => {
        spec.config.nodes = cluster.desired.spec.config.nodes;
        spec.config.location = 'theirs';
      });
      await page.getByText('Somebody has changed the spec since you began').waitFor();
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('alert').filter({ hasNotText: 'Somebody' }).waitFor();
      const record = await open.api.deps.store.clusters.get(cluster.project, cluster.name);
      expect(record?.desired.spec.config.location).toBe('theirs');
      expect(record?.commonStatus.conditionStatus).toBe(CommonConditionStatus.Submitted);
    });
  });

  test('its policy lets no script in but its own', async () => {
    const { page, complaints } = await visit();
    await inPage(
      page,
      `try {
        const script = document.createElement('script');
        script.textContent = 'document.title = "injected"';
        document.body.append(script);
      } catch {
        document.body.dataset.refused = 'yes';
      }`,
    );
    expect(await page.title()).toBe('Clusters · plinth');
    expect(await inPage(page, 'document.body.dataset.refused')).toBe('yes');
    expect(complaints.join()).toContain('TrustedScript');
  });

  test('a page of somebody else that opens it has no hold of its window', async () => {
    const { page } = await visit();
    const opens = async (by: Page): Promise<boolean> => {
      const coming = by.waitForEvent('popup');
      await inPage(by, `void (globalThis.opened = window.open(${JSON.stringify(open.url)}))`);
      const opened = await coming;
      await opened.waitForLoadState();
      const closed = await inPage(by, 'globalThis.opened.closed');
      await opened.close();
      return closed === true;
    };
    const foreign = await page.context().newPage();
    await foreign.goto('about:blank');
    // To who opened it, it looks closed.
    expect(await opens(foreign)).toBe(true);
    expect(await opens(page)).toBe(false);
  });

  test('works with the keyboard alone', async () => {
    const cluster = await made();
    const story = await begin(cluster, 'keys001', JOIN_FAILURE);
    await story.writeAt(story.length);
    const { page } = await visit({ key: null, path: '/' });
    await page.getByLabel('API key').waitFor();
    await page.keyboard.type(open.api.adminKey);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Clusters' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(cluster.name);
    await expect.poll(() => page.locator('.row-link').allInnerTexts()).toEqual([cluster.name]);
    await tabTo(page, cluster.name);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: cluster.name }).waitFor();
    await tabTo(page, 'Timeline');
    await page.keyboard.press('ArrowRight');
    await page.locator('.node-table').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.getByText('Taskset #1').waitFor();
    await tabTo(page, /Join the cluster/);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.wf-step .failure').count()).toBe(0);
    await page.keyboard.press('Space');
    await page.locator('.wf-step .failure').waitFor();
    await page.keyboard.press('Shift+Tab');
    await tabTo(page, 'Delete', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type(cluster.name);
    await page.keyboard.press('Enter');
    await until(
      'it is being deleted',
      async () => (await open.api.deps.store.clusters.getById(cluster.id))?.deleting,
    );
  });

  describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
    test('has no accessibility violation on any page, nor sideways scroll on a phone', async () => {
      const cluster = await made();
      const story = await begin(cluster, `axe-${colorScheme.slice(0, 3)}`, JOIN_FAILURE);
      await story.writeAt(30);
      const { page, go, complaints } = await visit({ colorScheme });
      const check = async (): Promise<void> => {
        await expectAccessible(page);
        await page.setViewportSize({ width: 360, height: 740 });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        await page.setViewportSize({ width: 1280, height: 900 });
      };
      await page.getByRole('table').waitFor();
      await check();
      await go(pathOf(cluster));
      await page.getByText(/Step \d+ of 18/).waitFor();
      await page.getByRole('button', { name: /Install packages/ }).click();
      await check();
      await story.writeAt(story.length);
      await page.locator('.wf-step .failure').waitFor();
      await check();
      await page.getByRole('tab', { name: 'Nodes' }).click();
      await page.locator('.node-table .failure').waitFor();
      await check();
      await page.getByRole('tab', { name: 'Spec' }).click();
      await page.getByText('The whole spec').waitFor();
      await check();
      await page.getByRole('button', { name: 'Edit' }).click();
      const editor = page.getByLabel('YAML or JSON');
      await editor.fill((await editor.inputValue()).replace('v1.34.4', 'v1.35.4'));
      await check();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').waitFor();
      await check();
      expect(complaints).toEqual([]);
    });
  });

  test('is light: the first page is whole within 60 KB over the wire', async () => {
    await made();
    const { page } = await visit({ path: '/' });
    await page.reload();
    await page.locator('.row-link').first().waitFor();
    // It is seen before that.
    await page.waitForFunction(
      `performance.getEntriesByType('resource').some(({ name }) => name.includes('/assets/console-'))`,
    );
    const sizes = await inPage<{ name: string; size: number }[]>(
      page,
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map(({ name, encodedBodySize }) => ({ name: new URL(name).pathname, size: encodedBodySize }))`,
    );
    expect(sizes.map(({ name }) => name)).toContain('/');
    const total = sizes.reduce((sum, { size }) => sum + size, 0);
    expect(total).toBeGreaterThan(10_000);
    expect(total).toBeLessThan(60_000);
  });
});

/** Presses Tab until what has the focus reads like this. */
async function tabTo(page: Page, text: string | RegExp, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press(key);
    const focused = await inPage<string>(page, "document.activeElement?.textContent ?? ''");
    if (typeof text === 'string' ? focused.trim() === text : text.test(focused)) return;
  }
  throw new Error(`the focus never came to ${String(text)}`);
}
