import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { clusterWorkflowId } from '../../core/clusterWorkflow.js';
import { resetConnections } from '../../lab/lab.js';
import { labCluster } from './cluster.js';
import { bootId, runsOf, startsInJournal, untilLive } from './runs.js';
import { openLabSession, type LabSession } from './session.js';
import { until } from './until.js';

/*
 * Every fault in the middle of every long step: two machines, provisioned once for each kind of fault.
 */

const NAME = 'faults';
/** Where the fault falls: the initialisation, a join, the roll-out of the network. */
const MOMENTS = [
  ['m1', 'kubeadm-init'],
  ['m2', 'kubeadm-join'],
  ['m1', 'node-ready'],
] as const;

let session: LabSession;

beforeEach(async () => {
  session = await openLabSession(['m1', 'm2']);
});

afterEach(async () => {
  await session.stop();
});

async function temporal(): Promise<{ client: Client; close: () => Promise<void> }> {
  const connection = await Connection.connect({ address: await session.plinth.temporalAddress() });
  return { client: new Client({ connection }), close: () => connection.close() };
}

const faults: [string, (machine: string, step: string) => Promise<void>][] = [
  [
    'the worker is killed',
    async () => {
      await session.plinth.kill('worker');
    },
  ],
  [
    'the worker is ended, as for a newer plinth,',
    async () => {
      await session.plinth.kill('worker', 'SIGTERM');
    },
  ],
  [
    'the SSH connection is cut',
    (machine) => {
      expect(resetConnections(machine)).toBeGreaterThan(0);
      return Promise.resolve();
    },
  ],
  [
    'API, Temporal and MongoDB are killed',
    async () => {
      await session.plinth.kill('api');
      await session.plinth.kill('temporal');
      await session.plinth.kill('mongo');
    },
  ],
  [
    "the cluster's workflow is terminated by hand",
    async () => {
      const { client, close } = await temporal();
      const handle = client.workflow.getHandle(clusterWorkflowId('defaultproject', NAME));
      // Terminated a moment ago in the step before, it first has to be started again.
      await until('the workflow runs, to be terminated', 60, () =>
        handle.terminate('by hand, by the test').catch(() => undefined),
      );
      await close();
    },
  ],
];

describe('a provision', () => {
  it.each(faults)(
    'ends READY when %s in the middle of init, join and roll-out',
    async (_, fault) => {
      const { lab, plinth } = session;
      const boots = await Promise.all(['m1', 'm2'].map(bootId));
      const cluster = labCluster(lab, { name: NAME, machines: ['m1', 'm2'], blueprint: 'minimal' });
      expect((await plinth.apply(cluster)).status).toBe(200);

      const times = new Map<string, number>();
      for (const [machine, step] of MOMENTS) {
        await untilLive(machine, step);
        await fault(machine, step);
        times.set(step, Date.now());
      }

      const status = await plinth.untilEnded(NAME, 600);
      expect(status.commonStatus.conditionStatus, JSON.stringify(status)).toBe(2);
      for (const [machine, step] of MOMENTS) {
        const [run, ...others] = await runsOf(machine, step);
        expect(others, `runs of ${step} on ${machine}`).toEqual([]);
        expect(run?.exit).toBe(0);
        expect(times.get(step)).toBeGreaterThanOrEqual(run?.startedAt ?? Infinity);
        expect(times.get(step)).toBeLessThan(run?.endedAt ?? -Infinity);
      }
      expect(await startsInJournal('m1', 'kubeadm-init')).toBe(1);
      expect(await Promise.all(['m1', 'm2'].map(bootId))).toEqual(boots);
    },
  );
});
