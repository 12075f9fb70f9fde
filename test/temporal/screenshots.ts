import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { chromium, type Page } from 'playwright-core';

import type { Cluster } from '../../core/cluster.js';
import { parseStartConfig } from '../../embedded/config.js';
import { startPlinth, type Plinth } from '../../embedded/start.js';
import { ensureChromium } from '../../scripts/ensureChromium.js';
import { CHROMIUM_ARGS } from '../clients/openPage.js';
import { JOIN_FAILURE } from '../console/story.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { farmCluster, farmEnvironment } from '../product/farmProduct.js';
import { recordedSteps } from '../ssh/machineFarm.js';
import { startScriptedMachine, type SaidStep } from '../ssh/scriptedMachine.js';

/*
 * `node --import tsx test/temporal/screenshots.ts [FOLDER]`: the pictures of Temporal's Web UI in docs/temporal.md, made
 * anew. Everything is what `npm start` starts; the machines are those of test/ssh, which say how each step ends and run nothing.
 */

const folder = process.argv[2] ?? 'docs/screenshots';
const CLUSTERS = '/apis/infra.k8smgmt.io/v3/projects/defaultproject/clusters';
const MACHINES = 3;
const SETTLE_MS = 1500;
const PATIENCE_MS = 120_000;

const ends: (() => Promise<unknown>)[] = [];
try {
  await mkdir(folder, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), 'plinth-temporal-ui-'));
  ends.push(() => rm(data, { recursive: true, force: true }));
  const mirror = await startManifestMirror();
  ends.push(() => new Promise((closed) => mirror.server.close(closed)));
  const env = await farmEnvironment(data, mirror.url);
  const plinth = await startPlinth({ config: parseStartConfig(env), env, say: () => undefined });
  ends.push(() => plinth.stop());
  const failed = await failedProvision(plinth);
  const running = await runningProvision(plinth);
  const executablePath = await ensureChromium();
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  ends.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1600, height: 1060 } });
  const ui = `${plinth.temporalUiUrl ?? ''}/namespaces/default/workflows`;
  const of = (id: string): string => `${ui}/${encodeURIComponent(id)}`;
  await page.goto(ui);
  await page.getByText('cluster/defaultproject/').first().waitFor();
  await take(page, 'list');
  const query = "PlinthCluster='factory-7' AND ExecutionStatus='Failed'";
  await page.goto(`${ui}?query=${encodeURIComponent(query)}`);
  await page.getByText('cluster/defaultproject/').first().waitFor();
  await take(page, 'search');
  await open(page, of(failed.cluster));
  await take(page, 'failed-cluster');
  for (const [name, { cluster, taskset, node }] of Object.entries({ running, failed })) {
    const operation = `${cluster}/${taskset}/1-ClusterCreation`;
    await open(page, of(operation));
    await take(page, `${name}-operation`);
    await open(page, of(`${operation}/${node}`));
    await page.getByText('User Metadata', { exact: true }).click();
    await take(page, `${name}-machine`);
  }
} finally {
  for (const end of ends.toReversed()) await end();
}

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.getByRole('heading', { name: 'Timeline' }).waitFor();
}

async function take(page: Page, name: string): Promise<void> {
  // It draws what it has asked for, and asks on while a workflow runs.
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: join(folder, `temporal-${name}.png`), animations: 'disabled' });
}

interface Provision {
  /** Of the cluster's workflow. */
  cluster: string;
  taskset: string;
  /** Whose steps are looked at. */
  node: string;
}

/** One worker cannot reach the API server. */
async function failedProvision(plinth: Plinth): Promise<Provision> {
  const { node, step, failure } = JOIN_FAILURE;
  const { command = '', hint = '', lastLines = [] } = failure;
  const ports = await machines((hostname, asked) =>
    hostname === node && asked === step
      ? { outcome: 'failed', output: [...lastLines], command, hint }
      : undefined,
  );
  const name = 'factory-7';
  await post(plinth, farmCluster(name, ports));
  return { cluster: `cluster/defaultproject/${name}`, taskset: await ended(plinth, name), node };
}

/** The workers wait for the first control plane, which is being initialised. */
async function runningProvision(plinth: Plinth): Promise<Provision> {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ports = await machines((hostname, step) => {
    if (step !== 'kubeadm-init') return undefined;
    begin();
    return new Promise(() => undefined);
  });
  const name = 'edge-berlin';
  await post(plinth, farmCluster(name, ports));
  await begun;
  const { items } = await ask<{ items: { id: string }[] }>(plinth, `/${name}/tasksets`);
  return {
    cluster: `cluster/defaultproject/${name}`,
    taskset: items[0]?.id ?? '',
    node: 'm1',
  };
}

/** Machines whose steps take their time, and end as `said` says, otherwise well. Gives their ports. */
async function machines(
  said: (hostname: string, step: string) => SaidStep | Promise<SaidStep> | undefined,
): Promise<number[]> {
  const ports: number[] = [];
  for (let number = 1; number <= MACHINES; number++) {
    const recorded = recordedSteps(number);
    const machine = await startScriptedMachine(async (asked) => {
      await delay(300 + 100 * number);
      return (await said(`m${String(number)}`, asked.step)) ?? recorded(asked);
    });
    ends.push(() => machine.close());
    ports.push(machine.port);
  }
  return ports;
}

async function ended(plinth: Plinth, name: string): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await ask<{ items: { id: string; endedAt?: string }[] }>(
      plinth,
      `/${name}/tasksets`,
    );
    const [newest] = items;
    if (newest?.endedAt !== undefined) return newest.id;
    if (Date.now() > deadline) throw new Error(`${name} has not ended`);
    await delay(500);
  }
}

async function post(plinth: Plinth, cluster: Cluster): Promise<void> {
  await ask(plinth, '', cluster);
}

async function ask<T>(plinth: Plinth, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${plinth.url}${CLUSTERS}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'x-api-key': plinth.adminKey.key, 'content-type': 'application/json' },
  });
  if (answer.ok) return (await answer.json()) as T;
  throw new Error(`${path}: ${String(answer.status)} ${await answer.text()}`);
}
