import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import type { Cluster } from '../../core/cluster.js';
import type { ClusterRecord } from '../../core/records.js';
import { CommonConditionStatus } from '../../core/words.js';
import { fixtureNode } from '../fixtures/cluster.js';
import { openConsole, type OpenConsole } from './openConsole.js';
import { recordLook } from './look.js';
import { beginStory, JOIN_FAILURE, type StoryFailure } from './story.js';

/*
 * `node --import tsx test/console/screenshots.ts FOLDER`: pages in states that are rare, of data that are made up, to look at.
 * The pictures of docs/console.md are those of pictures.ts, of the product at work.
 */

const folder = process.argv[2];
if (folder === undefined) throw new Error('say into which folder');
const PROJECT = 'defaultproject';
/** Another project, which one of the clusters is shared with. */
const READER = 'research';
const MINUTE = 60_000;

const seen = await openConsole();
try {
  await mkdir(folder, { recursive: true });
  await seed(seen);
  for (const colorScheme of ['light', 'dark'] as const) {
    const visitor = await seen.visit({ colorScheme, viewport: { width: 1280, height: 820 } });
    const { page } = visitor;
    const take = async (name: string): Promise<void> => {
      await page.waitForTimeout(400);
      const path = join(folder, `${name}-${colorScheme}.png`);
      await page.screenshot({ path, animations: 'disabled' });
    };
    await page.getByRole('link', { name: 'edge-berlin' }).waitFor();
    await take('list');
    await visitor.go(`/clusters/${PROJECT}/edge-berlin`);
    await page.getByText('Taskset #1').waitFor();
    await take('running');
    await visitor.go(`/clusters/${PROJECT}/factory-7`);
    await page.getByRole('button', { name: 'Show its last lines' }).click();
    await take('failed');
    await visitor.go(`/clusters/${PROJECT}/store-lisbon`);
    await page.getByRole('region', { name: 'Health' }).waitFor();
    await take('health');
    await others(page, visitor.go, take);
    if (visitor.complaints.length > 0) throw new Error(visitor.complaints.join('\n'));
    await visitor.close();
  }
} finally {
  await seen.close();
}

async function others(
  page: Page,
  go: (path: string) => Promise<void>,
  take: (name: string) => Promise<void>,
): Promise<void> {
  await go(`/clusters/${PROJECT}/factory-7?tab=nodes`);
  await page.getByText('m1').first().waitFor();
  await take('nodes');
  await go(`/clusters/${PROJECT}/warehouse?tab=spec`);
  await page.getByText('The whole spec').waitFor();
  await take('spec');
  await page.getByRole('button', { name: 'Delete' }).click();
  await take('dialog');
  await page.keyboard.press('Escape');
  await go(`/clusters/${PROJECT}/pilot`);
  await page.getByRole('button', { name: 'Give up …' }).waitFor();
  await take('away');
  await page.getByRole('button', { name: 'Give up …' }).click();
  await page.getByRole('dialog').waitFor();
  await take('away-dialog');
  await page.keyboard.press('Escape');
  await go(`/?project=${READER}`);
  await page.getByText('shared by').waitFor();
  await take('shared-list');
  await page.getByRole('link', { name: 'lab-2' }).click();
  await page.getByText('Shared by the project').waitFor();
  await take('shared');
  await go('/?name=none*');
  await page.getByText('No cluster like that').waitFor();
  await take('nothing');
  await page.setViewportSize({ width: 390, height: 844 });
  await go('/');
  await page.getByRole('link', { name: 'edge-berlin' }).waitFor();
  await take('phone-list');
  await go(`/clusters/${PROJECT}/factory-7`);
  await page.getByText('What to do').first().waitFor();
  await take('phone-failed');
  await go(`/clusters/${PROJECT}/factory-7?tab=nodes`);
  await take('phone-nodes');
  await go(`/clusters/${PROJECT}/store-lisbon`);
  await page.getByRole('region', { name: 'Health' }).scrollIntoViewIfNeeded();
  await take('phone-health');
  await go(`/clusters/${PROJECT}/pilot`);
  await page.getByRole('button', { name: 'Give up …' }).waitFor();
  await take('phone-away');
}

async function seed({ api }: OpenConsole): Promise<void> {
  await api.deps.store.projects.create({ name: READER });
  await made('edge-berlin', { ago: 74, until: 63, pace: { m3: 1.35, m2: 1.1 } });
  await made('factory-7', {
    ago: (6 * MINUTE) / 1000,
    until: 1000,
    fails: JOIN_FAILURE,
    pace: { m2: 1.2 },
  });
  await made('lab-2', { ago: 7200, until: 1000 });
  await made('store-lisbon', { ago: 90_000, until: 1000, workers: 8 });
  await made('pilot', { ago: 500_000, until: 1000 });
  await leaves('pilot');
  await looks('store-lisbon');
  await made('warehouse', { ago: 400_000, until: 1000, workers: 4 });
  await api.apply(PROJECT, 'warehouse', (cluster) => {
    grow(cluster, 4);
    cluster.spec.config.kubernetesVersion = 'v1.35.4';
    cluster.spec.config.nodes.push(fixtureNode(9, { privateIP: '192.168.200.99' }));
  });

  /** A machine that was removed, and answers no more. */
  async function leaves(name: string): Promise<void> {
    const { clusters, nodes } = api.deps.store;
    const record = (await clusters.get(PROJECT, name)) as ClusterRecord;
    const spec = fixtureNode(9, { privateIP: '192.168.9.19' });
    const message = 'm9 cannot be reached at 192.168.9.19:22: no route to host';
    await nodes.upsert(record.id, spec.hostname, {
      ...{ spec, status: 'FAILED', claimed: true, leaving: true },
      lastError: { node: spec.hostname, step: 'reset', code: 'MachineUnreachable', message },
    });
    await clusters.setCommonStatus(record.id, {
      ...{ conditionStatus: CommonConditionStatus.Failed, reason: message },
      ...{ sequence: 2, generation: record.generation },
    });
  }

  /** It is looked at: some things to see to. */
  async function looks(name: string): Promise<void> {
    const { clusters } = api.deps.store;
    const record = (await clusters.get(PROJECT, name)) as ClusterRecord;
    const days = (number: number): string =>
      new Date(Date.now() + number * 86_400_000).toISOString();
    await recordLook(api.deps.store, record, {
      at: new Date(Date.now() - 14_000).toISOString(),
      machines: {
        m1: { certificatesExpireAt: days(343.5) },
        m4: { disks: [{ path: '/var/lib/containerd', usedPercent: 88, freeMiB: 5_120 }] },
        m6: { drift: ['swap is on'] },
      },
    });
  }

  async function made(
    name: string,
    of: {
      ago: number;
      until: number;
      fails?: StoryFailure;
      pace?: Record<string, number>;
      workers?: number;
    },
  ): Promise<void> {
    const applied = await api.apply(PROJECT, name, (cluster) => {
      grow(cluster, of.workers ?? 2);
      if (name === 'lab-2') cluster.spec.sharing = { enabled: true, projects: [{ name: READER }] };
      cluster.metadata.labels = { env: name === 'lab-2' ? 'lab' : 'prod', site: name };
    });
    if (applied.status !== 200) throw new Error(await applied.text());
    const { store } = api.deps;
    const record = (await store.clusters.get(PROJECT, name)) as ClusterRecord;
    const startedAt = Date.now() - of.ago * 1000;
    const tasksetId = `ts${name.replaceAll('-', '').slice(0, 5)}`;
    const story = await beginStory(store, record, {
      ...{ tasksetId, startedAt },
      ...(of.fails === undefined ? {} : { fails: of.fails }),
      ...(of.pace === undefined ? {} : { pace: of.pace }),
    });
    await story.writeAt(Math.min(of.until, story.length));
    await backdate(
      tasksetId,
      record.id,
      startedAt,
      of.until > story.length ? story.length : undefined,
    );
  }

  /** The store stamps what is written with the time that it is. */
  async function backdate(
    id: string,
    clusterId: string,
    startedAt: number,
    length?: number,
  ): Promise<void> {
    const { client, database } = api.database;
    const at = (seconds: number): string => new Date(startedAt + seconds * 1000).toISOString();
    const end = length === undefined ? {} : { endedAt: at(length) };
    const documents = client.db(database).collection<{ _id: string }>('tasksets');
    await documents.updateOne({ _id: id }, { $set: { createdAt: at(0), ...end } });
    const clusters = client.db(database).collection<{ _id: string }>('clusters');
    await clusters.updateOne({ _id: clusterId }, { $set: { createdAt: at(-3) } });
  }
}

function grow(cluster: Cluster, workers: number): void {
  const { nodes } = cluster.spec.config;
  const site = nodes[0]?.privateIP.split('.')[2] ?? '1';
  for (let number = nodes.length + 1; number <= workers + 1; number++) {
    const privateIP = `192.168.${site}.${String(number + 9)}`;
    nodes.push(
      fixtureNode(number, {
        privateIP,
        ssh: { privateKeyPath: 'id_ed25519', ipAddress: privateIP },
      }),
    );
  }
}
