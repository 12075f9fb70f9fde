import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import type { Cluster, ClusterStatus } from '../core/cluster.js';
import type { NodeTask } from '../core/plan.js';
import { buildBundle } from '../lab/build/bundle.js';
import { holdLab, labAvailable, labDown } from '../lab/lab.js';
import { stopCalling } from '../test/lab/callers.js';
import { labCluster } from '../test/lab/cluster.js';
import { hostKubectl } from '../test/lab/kubectl.js';
import { touchesSince } from '../test/lab/runs.js';
import { startServing } from '../test/lab/served.js';
import { openLabSession, type LabSession } from '../test/lab/session.js';
import { blockingChain, criticalPath } from './criticalPath.js';
import { medianOf } from './median.js';
import { chainLines } from './report.js';
import { timedSteps, type NodeOfApi } from './timedSteps.js';
import { waterfall } from './waterfall.js';

const NAME = 'bench';
const MACHINES = ['m1', 'm2', 'm3', 'm4'] as const;
const [FROM, TO] = ['v1.34.4', 'v1.35.4'];
const AIM = 1.1;
const NOOP_WATCHED_MS = 5_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** One change: seconds from its POST to OK, beside the longest chain of its units. */
interface Change {
  seconds: number;
  ratio: number;
}

interface Upgrade extends Change {
  lostRequests: number;
  calls: number;
}

interface Run {
  noopSeconds: number;
  noopMachines: number;
  add: Change[];
  upgrade?: Upgrade;
  remove: Change[];
}

interface Wanted {
  runs: number;
  /** A worker more and a worker less, so often in each run. */
  rounds: number;
  upgrade: boolean;
}

/**
 * What a cluster on three lab machines goes through in its life: the same spec again; a worker more and a worker less, some
 * times; at last one minor further while every machine calls a service ten times a second.
 * @throws Error when it could not measure; a missed aim is a result.
 */
export async function dayTwo(options: string[]): Promise<void> {
  const wanted = readOptions(options);
  const unavailable = labAvailable();
  if (unavailable !== undefined) throw new Error(`there is no lab here: ${unavailable}`);
  const release = holdLab('bench day2');
  try {
    await buildBundle({ versions: [FROM, TO], log: say });
    const runs: Run[] = [];
    for (let run = 1; run <= wanted.runs; run++) {
      say(`\n=== run ${run} of ${wanted.runs} (load average ${(loadavg()[0] ?? 0).toFixed(1)})`);
      const session = await openLabSession(MACHINES);
      try {
        runs.push(await oneRun(session, wanted));
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

function readOptions(args: string[]): Wanted {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '1' },
      'no-upgrade': { type: 'boolean' },
    },
  });
  const count = (name: 'runs' | 'rounds'): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 1) {
      throw new Error(`--${name} ${values[name]}: 1 or more`);
    }
    return number;
  };
  const upgrade = values['no-upgrade'] !== true;
  return { runs: count('runs'), rounds: count('rounds'), upgrade };
}

async function oneRun(session: LabSession, { rounds, upgrade }: Wanted): Promise<Run> {
  const of = (machines: readonly string[], kubernetesVersion = FROM): Cluster => ({
    ...labCluster(session.lab, { name: NAME, machines, blueprint: 'minimal', kubernetesVersion }),
  });
  const [three, four] = [MACHINES.slice(0, 3), MACHINES];
  await apply(session, of(three));
  const again = Date.now();
  const noopSeconds = await apply(session, of(three));
  // What it did behind its answer's back counts as well.
  await delay(NOOP_WATCHED_MS);
  const noopMachines = await machinesTouchedSince(again);
  const [add, remove]: [Change[], Change[]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    add.push(await change(session, of(four), [{ hostname: 'm4', path: 'added-worker' }]));
    remove.push(await change(session, of(three), [{ hostname: 'm4', path: 'clean' }]));
  }
  const upgraded = upgrade
    ? await upgradeUnderCalls(session, { from: of(three), to: of(three, TO), machines: three })
    : undefined;
  return { noopSeconds, noopMachines, add, remove, ...(upgraded && { upgrade: upgraded }) };
}

async function upgradeUnderCalls(
  session: LabSession,
  { from, to, machines }: { from: Cluster; to: Cluster; machines: readonly string[] },
): Promise<Upgrade> {
  const kubectl = hostKubectl({ ...session, cluster: from.metadata.name });
  await startServing(session.lab, kubectl, machines);
  const upgrade = await change(session, to, [
    { hostname: 'm1', path: 'upgrade-first' },
    { hostname: 'm2', path: 'upgrade-worker' },
    { hostname: 'm3', path: 'upgrade-worker' },
  ]);
  const calls = (await Promise.all(machines.map((name) => stopCalling(name)))).flat();
  const lost = calls.filter(({ error }) => error !== undefined);
  for (const { machine, at, error } of lost) say(`lost: ${machine} ${String(at)} ${error ?? ''}`);
  return { ...upgrade, lostRequests: lost.length, calls: calls.length };
}

/** Seconds from the POST until the status said that it is applied, by the time that stands in it. */
async function apply({ plinth }: LabSession, cluster: Cluster): Promise<number> {
  const postedAt = Date.now();
  const response = await plinth.apply(cluster);
  if (!response.ok) throw new Error(`apply: ${String(response.status)} ${await response.text()}`);
  const { commonStatus }: ClusterStatus = await plinth.untilEnded(NAME, 1800);
  if (commonStatus.conditionStatus !== 2) throw new Error(commonStatus.reason);
  const { seconds, nanos } = commonStatus.lastUpdated;
  const saidAt = seconds * 1000 + nanos / 1e6;
  // The same spec again leaves the time as it was.
  return ((saidAt > postedAt ? saidAt : Date.now()) - postedAt) / 1000;
}

async function change(session: LabSession, cluster: Cluster, tasks: NodeTask[]): Promise<Change> {
  const postedAt = Date.now();
  const seconds = await apply(session, cluster);
  const steps = (await newestTaskset(session)).flatMap(timedSteps);
  const path = criticalPath(tasks, steps);
  const ratio = seconds / path.seconds;
  const readyAt = postedAt + seconds * 1000;
  say(waterfall(steps, postedAt, readyAt));
  say('\nwhat the end waited for, and what lay between:');
  say(chainLines(blockingChain(tasks, steps), { postedAt, readyAt }).join('\n'));
  say(
    `${seconds.toFixed(1)} s, critical path ${path.seconds.toFixed(1)} s, ratio ${ratio.toFixed(3)}`,
  );
  return { seconds, ratio };
}

/** Its nodes, those that are gone by now as well, each with what the taskset did there. */
async function newestTaskset({ plinth }: LabSession): Promise<NodeOfApi[]> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await plinth.request('GET', path);
    if (!response.ok) throw new Error(`${path}: ${String(response.status)}`);
    return (await response.json()) as T;
  };
  const { items } = await get<{ items: { id: string }[] }>(`${NAME}/tasksets?limit=1`);
  const path = `${NAME}/tasksets/${items[0]?.id ?? ''}`;
  const { operations } = await get<{ operations: { nodes: NodeOfApi[] }[] }>(path);
  return operations.flatMap(({ nodes }) => nodes);
}

async function machinesTouchedSince(since: number): Promise<number> {
  const touches = await Promise.all(MACHINES.map((name) => touchesSince(name, since)));
  for (const line of touches.flat()) say(`touched: ${line}`);
  return touches.filter(({ length }) => length > 0).length;
}

function summarise(runs: readonly Run[]): void {
  const word = (ratio: number): string => (ratio <= AIM ? 'met' : 'NOT MET');
  const ratioOf = (changes: readonly Change[]): number =>
    medianOf(changes.map(({ ratio }) => ratio));
  const line = (what: string, changes: readonly Change[]): string => {
    const ratio = ratioOf(changes);
    const ratios = changes.map((each) => each.ratio.toFixed(3)).join(', ');
    const seconds = medianOf(changes.map((each) => each.seconds)).toFixed(1);
    return `${what}: ${seconds} s, ÷ critical path ${ratio.toFixed(3)} (${ratios}; aim: at most ${AIM.toFixed(2)}): ${word(ratio)}`;
  };
  const noop = medianOf(runs.map((run) => run.noopSeconds));
  const touched = Math.max(...runs.map((run) => run.noopMachines));
  const [add, remove] = [runs.flatMap((run) => run.add), runs.flatMap((run) => run.remove)];
  const upgrades = runs.flatMap(({ upgrade }) => upgrade ?? []);
  const lost = Math.max(0, ...upgrades.map(({ lostRequests }) => lostRequests));
  say('');
  say(
    `the same spec again: ${noop.toFixed(2)} s, ${touched} machines touched (aim: under 1 s, none)`,
  );
  say(line('one worker more', add));
  say(line('one worker less', remove));
  if (upgrades.length > 0) {
    const calls = Math.min(...upgrades.map((upgrade) => upgrade.calls));
    say(line('one minor further', upgrades));
    say(`requests lost while that went on: at most ${lost} of ${calls} or more`);
  } else say('one minor further: not measured (--no-upgrade)');
  const round = (value: number): number => Number(value.toFixed(3));
  say(
    JSON.stringify({
      bench: 'day2',
      noop_s: round(noop),
      noop_machines_touched: touched,
      add_ratio: round(ratioOf(add)),
      upgrade_ratio: upgrades.length > 0 ? round(ratioOf(upgrades)) : null,
      remove_ratio: round(ratioOf(remove)),
      upgrade_lost_requests: upgrades.length > 0 ? lost : null,
    }),
  );
}
