import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import type { Cluster, ClusterStatus } from '../core/cluster.js';
import type { NodeTask } from '../core/plan.js';
import { buildBundle } from '../lab/build/bundle.js';
import { execOn, holdLab, labAvailable, labDown } from '../lab/lab.js';
import { stopCalling } from '../test/lab/callers.js';
import { labCluster } from '../test/lab/cluster.js';
import { hostKubectl } from '../test/lab/kubectl.js';
import { startServing } from '../test/lab/served.js';
import { openLabSession, type LabSession } from '../test/lab/session.js';
import { criticalPath } from './criticalPath.js';
import { medianOf } from './median.js';
import { timedSteps, type NodeOfApi } from './timedSteps.js';
import { waterfall } from './waterfall.js';

const NAME = 'bench';
const MACHINES = ['m1', 'm2', 'm3'] as const;
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const AIM = 1.1;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** One change: seconds from its POST to OK, beside the longest chain of its units. */
interface Change {
  seconds: number;
  ratio: number;
}

interface Run {
  noopSeconds: number;
  noopMachines: number;
  add: Change;
  upgrade: Change;
  lostRequests: number;
  calls: number;
  remove: Change;
}

/**
 * What a cluster on three lab machines goes through in its life: the same spec again, a worker more, one minor further
 * while every machine calls a service ten times a second, a worker less.
 * @throws Error when it could not measure; a missed aim is a result.
 */
export async function dayTwo(options: string[]): Promise<void> {
  const { values } = parseArgs({
    args: options,
    options: { runs: { type: 'string', default: '3' } },
  });
  const count = Number(values.runs);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--runs ${values.runs}: 1 or more`);
  const unavailable = labAvailable();
  if (unavailable !== undefined) throw new Error(`there is no lab here: ${unavailable}`);
  const release = holdLab('bench day2');
  try {
    await buildBundle({ versions: [FROM, TO], log: say });
    const runs: Run[] = [];
    for (let run = 1; run <= count; run++) {
      say(`\n=== run ${run} of ${count} (load average ${(loadavg()[0] ?? 0).toFixed(1)})`);
      const session = await openLabSession(MACHINES);
      try {
        runs.push(await oneRun(session));
      } finally {
        await session.stop();
      }
    }
    summarise(runs);
  } finally {
    await labDown({ log: say });
    release();
  }
}

async function oneRun(session: LabSession): Promise<Run> {
  const of = (machines: readonly string[], kubernetesVersion = FROM): Cluster => ({
    ...labCluster(session.lab, { name: NAME, machines, blueprint: 'minimal', kubernetesVersion }),
  });
  const [two, three] = [MACHINES.slice(0, 2), MACHINES];
  await apply(session, of(two));
  const runsBefore = await runsOnMachines();
  const noopSeconds = await apply(session, of(two));
  const runsAfter = await runsOnMachines();
  const noopMachines = runsAfter.filter((runs, index) => runs !== runsBefore[index]).length;
  const add = await change(session, of(three), [{ hostname: 'm3', path: 'worker' }]);
  const kubectl = hostKubectl({ ...session, cluster: NAME });
  await startServing(session.lab, kubectl, MACHINES);
  const upgrade = await change(session, of(three, TO), [
    { hostname: 'm1', path: 'upgrade-first' },
    { hostname: 'm2', path: 'upgrade-worker' },
    { hostname: 'm3', path: 'upgrade-worker' },
  ]);
  const calls = (await Promise.all(MACHINES.map((name) => stopCalling(name)))).flat();
  const lost = calls.filter(({ error }) => error !== undefined);
  for (const { machine, at, error } of lost) say(`lost: ${machine} ${String(at)} ${error ?? ''}`);
  const remove = await change(session, of(two, TO), [{ hostname: 'm3', path: 'clean' }]);
  return {
    ...{ noopSeconds, noopMachines, add, upgrade, remove },
    ...{ lostRequests: lost.length, calls: calls.length },
  };
}

/** Seconds from the POST until the status says that it is applied. */
async function apply({ plinth }: LabSession, cluster: Cluster): Promise<number> {
  const postedAt = Date.now();
  const response = await plinth.apply(cluster);
  if (!response.ok) throw new Error(`apply: ${String(response.status)} ${await response.text()}`);
  const status: ClusterStatus = await plinth.untilEnded(NAME, 1800);
  if (status.commonStatus.conditionStatus !== 2) throw new Error(status.commonStatus.reason);
  return (Date.now() - postedAt) / 1000;
}

async function change(session: LabSession, cluster: Cluster, tasks: NodeTask[]): Promise<Change> {
  const postedAt = Date.now();
  // A node that leaves takes its record along: it is looked at for as long as it is there.
  const seen = new Map<string, NodeOfApi>();
  const watching = watchNodes(session, seen);
  const seconds = await apply(session, cluster);
  await watching.stop();
  const steps = [...seen.values()]
    .flatMap(timedSteps)
    .filter(({ begunAt = 0 }) => begunAt >= postedAt);
  const path = criticalPath(tasks, steps);
  const ratio = seconds / path.seconds;
  say(waterfall(steps, postedAt, postedAt + seconds * 1000));
  say(
    `${seconds.toFixed(1)} s, critical path ${path.seconds.toFixed(1)} s, ratio ${ratio.toFixed(3)}`,
  );
  return { seconds, ratio };
}

function watchNodes(
  { plinth }: LabSession,
  seen: Map<string, NodeOfApi>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    const response = await plinth.request('GET', `${NAME}/nodes`);
    if (!response.ok) return;
    const { items } = (await response.json()) as { items: NodeOfApi[] };
    for (const node of items) seen.set(node.hostname, node);
  };
  const looks = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await looks;
      await look();
    },
  };
}

async function runsOnMachines(): Promise<string[]> {
  const list = 'ls /var/lib/plinth/runs 2>/dev/null | sort | sha256sum';
  return Promise.all(MACHINES.map(async (name) => (await execOn(name, list)).stdout));
}

function summarise(runs: readonly Run[]): void {
  const median = (read: (run: Run) => number): number => medianOf(runs.map(read));
  const word = (ratio: number): string => (ratio <= AIM ? 'met' : 'NOT MET');
  const line = (what: string, read: (run: Run) => Change): string => {
    const ratio = median((run) => read(run).ratio);
    const ratios = runs.map((run) => read(run).ratio.toFixed(3)).join(', ');
    const seconds = median((run) => read(run).seconds).toFixed(1);
    return `${what}: ${seconds} s, ÷ critical path ${ratio.toFixed(3)} (${ratios}; aim: at most ${AIM.toFixed(2)}): ${word(ratio)}`;
  };
  const noop = median((run) => run.noopSeconds);
  const touched = Math.max(...runs.map((run) => run.noopMachines));
  const lost = Math.max(...runs.map((run) => run.lostRequests));
  const calls = Math.min(...runs.map((run) => run.calls));
  say('');
  say(
    `the same spec again: ${noop.toFixed(2)} s, ${touched} machines touched (aim: under 1 s, none)`,
  );
  say(line('one worker more', (run) => run.add));
  say(line('one minor further', (run) => run.upgrade));
  say(`requests lost while that went on: at most ${lost} of ${calls} or more`);
  say(line('one worker less', (run) => run.remove));
  const round = (value: number): number => Number(value.toFixed(3));
  say(
    JSON.stringify({
      bench: 'day2',
      noop_s: round(noop),
      noop_machines_touched: touched,
      add_ratio: round(median((run) => run.add.ratio)),
      upgrade_ratio: round(median((run) => run.upgrade.ratio)),
      remove_ratio: round(median((run) => run.remove.ratio)),
      upgrade_lost_requests: lost,
    }),
  );
}
