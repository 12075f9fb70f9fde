import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Cluster } from '../../core/cluster.js';
import { CommonConditionStatus } from '../../core/words.js';
import { parseStartConfig } from '../../embedded/config.js';
import { freePort } from '../../embedded/freePort.js';
import { startPlinth } from '../../embedded/start.js';
import { startTemporal, type EmbeddedTemporal } from '../../embedded/temporal.js';
import { until } from '../api/until.js';
import { clustersOf } from '../api/openTestApi.js';
import { startManifestMirror } from '../fixtures/manifestMirror.js';
import { recordedLook, recordedSteps } from '../ssh/machineFarm.js';
import { startScriptedMachine, type AskedStep, type SaidStep } from '../ssh/scriptedMachine.js';
import { farmCluster, farmEnvironment } from './farmProduct.js';

const HOST = '127.0.0.1';
const CLUSTERS = clustersOf('defaultproject');
/** Less than a test that waits some times has, so that its end says what was waited for. */
const SETTLED_MS = 60_000;

/** The product as `npm start` runs it, but for a Temporal that a test may lose, and machines that say how each step ends. */
export interface ScriptedProduct {
  temporalAddress: string;
  /** Applies cluster `demo` with its first machines. */
  apply(machines: number): Promise<unknown>;
  /** Asks for what failed once more. */
  retry(): Promise<unknown>;
  /** What became of what was asked for, once it has ended. */
  settled(withinMs?: number): Promise<Cluster['status']>;
  /** Whoever comes to the step (`<step> on <machine>`) stays in it until what is returned is called. */
  hold(step: string): () => void;
  /** Until a machine is asked for the step. */
  begun(step: string): Promise<void>;
  /** How often a machine was asked for it. */
  times(step: string): number;
  /** Temporal ends, and another comes at its address that knows nothing. */
  loseTemporal(): Promise<void>;
  stop(): Promise<void>;
}

export async function startScriptedProduct(machines: number): Promise<ScriptedProduct> {
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end();
  };
  const asked: string[] = [];
  const held = new Map<string, Promise<void>>();
  const times = (step: string): number => asked.filter((one) => one === step).length;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-scripted-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const mirror = await startManifestMirror();
    ends.push(() => mirror.server.close());
    const ports: number[] = [];
    for (let number = 1; number <= machines; number += 1) {
      const steps = stepsOf(number, asked, held);
      const machine = await startScriptedMachine(steps, recordedLook(machines));
      ends.push(() => machine.close());
      ports.push(machine.port);
    }
    const temporalPort = await freePort(HOST);
    let lives = 0;
    const emptyTemporal = (): Promise<EmbeddedTemporal> => {
      lives += 1;
      const dataDir = join(folder, `temporal-${String(lives)}`);
      return startTemporal({ dataDir, host: HOST, port: temporalPort });
    };
    let temporal = await emptyTemporal();
    ends.push(() => temporal.stop());
    const env = {
      ...(await farmEnvironment(join(folder, 'data'), mirror.url)),
      TEMPORAL_ADDRESS: temporal.address,
    };
    const plinth = await startPlinth({ config: parseStartConfig(env), env, say: () => undefined });
    ends.push(() => plinth.stop());
    const ask = asking(plinth.url, plinth.adminKey.key);
    return {
      ...{ temporalAddress: temporal.address, times, stop },
      apply: (count) => ask(CLUSTERS, farmCluster('demo', ports.slice(0, count))),
      retry: () => ask(`${CLUSTERS}/demo/retry`, {}),
      settled: (withinMs = SETTLED_MS) =>
        until(
          'the end of what was asked for',
          async () => {
            const { status } = (await ask(`${CLUSTERS}/demo/status`)) as Cluster;
            const isUnderWay =
              status?.commonStatus.conditionStatus === CommonConditionStatus.Submitted;
            return isUnderWay ? undefined : status;
          },
          withinMs,
        ),
      hold(step) {
        let release = (): void => undefined;
        held.set(step, new Promise((resolve) => (release = resolve)));
        return () => {
          held.delete(step);
          release();
        };
      },
      async begun(step) {
        const before = times(step);
        await until(`${step} is asked for`, () => times(step) > before, SETTLED_MS);
      },
      async loseTemporal() {
        await temporal.stop();
        temporal = await emptyTemporal();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function stepsOf(number: number, asked: string[], held: ReadonlyMap<string, Promise<void>>) {
  const recorded = recordedSteps(number);
  return async (ask: AskedStep): Promise<SaidStep> => {
    const name = `${ask.step} on m${String(number)}`;
    asked.push(name);
    await held.get(name);
    const said = recorded(ask);
    if (ask.step !== 'node-ready') return said;
    return { ...said, results: { ...said.results, kubeletVersion: 'v1.34.4' } };
  };
}

function asking(url: string, key: string) {
  return async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(url + path, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return JSON.parse(text);
  };
}
