import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { clusterWorkflowId, TASK_QUEUE } from '../../core/clusterWorkflow.js';
import { openDeployment, type Deployment } from '../../worker/deployment.js';
import { compileNewerRooms, NEWER_VERSION } from '../versions/newerRooms.js';
import { toldBy } from '../versions/told.js';
import { labCluster } from './cluster.js';
import { runsOf, startsInJournal, untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Plinth is upgraded, and taken back, with a cluster under way. The newer one is today's with another version in its
 * package.json and a timer after each step of a node, compiled as for an image, beside the one that `npm start` runs.
 */

const NAME = 'versions';

let folder: string;
let session: LabSession;
let connection: Connection;
let deployment: Deployment;
let newer: ChildProcess | undefined;
let older: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-newer-'));
  await compileNewerRooms(folder);
  session = await openLabSession(['m1', 'm2']);
  const { dataDir } = session.plinth;
  // Beforehand, as an image that was started once has it: the takeover is to fall into one step.
  await promisify(execFile)(process.execPath, ['worker/bundle.js', join(dataDir, 'workflows')], {
    cwd: folder,
  });
  connection = await Connection.connect({ address: await session.plinth.temporalAddress() });
  deployment = openDeployment(connection, { namespace: 'default', taskQueue: TASK_QUEUE });
  older = await untilCurrent((current) => /^\d/.test(current), 60);
});

afterAll(async () => {
  newer?.kill('SIGKILL');
  await connection.close();
  await session.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Gives the build id that work goes to, once it is one of those. */
async function untilCurrent(
  isWanted: (buildId: string) => boolean,
  seconds: number,
): Promise<string> {
  return until(
    'work goes to the wanted version',
    seconds,
    async () => {
      const current = (await deployment.read())?.current ?? '';
      return isWanted(current) ? current : undefined;
    },
    50,
  );
}

/** On the data and the servers of the plinth that runs. */
async function startNewerWorker(): Promise<ChildProcess> {
  const { dataDir } = session.plinth;
  const ports = JSON.parse(await readFile(join(dataDir, 'ports.json'), 'utf8')) as {
    mongo: number;
  };
  return spawn(process.execPath, ['worker/main.js'], {
    cwd: folder,
    env: {
      ...process.env,
      PLINTH_DATA: dataDir,
      PLINTH_ARTIFACTS: session.lab.bundle,
      TEMPORAL_ADDRESS: await session.plinth.temporalAddress(),
      MONGODB_URI: `mongodb://127.0.0.1:${String(ports.mongo)}/?directConnection=true`,
    },
    stdio: 'ignore',
  });
}

it('a provision is taken over by a newer worker in the middle of kubeadm-init, and ends READY', async () => {
  const { lab, plinth } = session;
  const cluster = labCluster(lab, { name: NAME, machines: ['m1', 'm2'], blueprint: 'minimal' });
  expect((await plinth.apply(cluster)).status).toBe(200);
  await untilLive('m1', 'kubeadm-init');
  newer = await startNewerWorker();
  const newest = await untilCurrent((current) => current.startsWith(`${NEWER_VERSION}-`), 60);
  const takenOver = Date.now();
  // Its supervisor starts it again: an older worker that lives on while the newer one works.
  const before = await plinth.pid('worker');
  await plinth.kill('worker', 'SIGTERM');
  const letGo = Date.now();

  const status = await plinth.untilEnded(NAME, 600);
  expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
  const [run, ...others] = await runsOf('m1', 'kubeadm-init');
  expect(others).toEqual([]);
  expect(run?.exit).toBe(0);
  expect(run?.startedAt).toBeLessThan(takenOver);
  expect(run?.endedAt).toBeGreaterThan(letGo);
  expect(await startsInJournal('m1', 'kubeadm-init')).toBe(1);

  const told = await toldBy(new Client({ connection }), clusterWorkflowId('defaultproject', NAME));
  expect(told).toMatchObject({ byVersion: [older, newest], failures: [] });
  expect(told.timers).toBeGreaterThan(0);
  expect(await plinth.pid('worker')).not.toBe(before);
  const polling = new Set((await deployment.workers()).map(({ buildId }) => buildId));
  expect([...polling].toSorted()).toEqual([older, newest].toSorted());
});

it('without the newer workers the older ones take over by themselves, and do what was asked for meanwhile', async () => {
  newer?.kill('SIGTERM');
  expect((await session.plinth.request('DELETE', NAME)).status).toBe(200);
  await untilCurrent((current) => current === older, 240);
  await until('the cluster is deleted', 300, async () =>
    (await session.plinth.request('GET', NAME)).status === 404 ? true : undefined,
  );
});
