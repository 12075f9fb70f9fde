import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { redaction } from '../activities/redaction.js';
import { createStepLog } from '../activities/stepLog.js';
import { createMachines } from '../machine/pool.js';
import type { MachineTarget } from '../machine/types.js';
import { ensureTestTools } from '../scripts/ensureTestTools.js';
import { createStore } from '../store/store.js';
import type { Store } from '../store/types.js';
import { beginStory } from '../test/console/story.js';
import { BENCH_PROJECT, benchCluster } from './apiSeed.js';
import { openConsoleBrowser } from './consoleBrowser.js';
import { startSshds } from './fanout/sshdFarm.js';
import { medianOf } from './median.js';
import type { PeopleOptions, PeoplePart } from './people.js';

const CLUSTER = 'watched';
const TASKSET = 'bench01';
/** Where the story of a provision has come to when somebody looks: this step is at work. */
const AT = { seconds: 20, node: 'm1', step: 'packages', title: 'Install packages' } as const;
const LEAST_LINES = 10;
const TIMEOUT_SECONDS = 600;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Prints when it printed it, in milliseconds; between two lines 0.7 to 1.7 s: in step with nobody's interval. */
const SCRIPT = `for number in $(seq 1 "$LINES_TO_PRINT"); do
  pause=$((700 + RANDOM % 1000))
  sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
  echo "line $number at \${EPOCHREALTIME//[^0-9]/}"
done`;

/**
 * From a step's script that prints a line, through the runner on a machine behind a real sshd, the worker's connection
 * and log, the store and the API's stream, to the frame of the browser that shows it.
 */
export const peopleLines: PeoplePart = async (api, { rounds, say }) => {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const machine = await startMachine(ends, say);
    const store = await createStore({ uri: api.uri });
    ends.push(() => store.close());
    const clusterId = await beginProvision(store);
    const browser = await openConsoleBrowser(api, say);
    ends.push(() => browser.close());
    const page = await openLog(await browser.page(), api.url);
    const lines = Math.max(rounds, LEAST_LINES);
    await print(store, { clusterId, machine, lines });
    const delays = await page.evaluate<number[]>(`linesUntil(${String(lines)})`);
    const [median, most] = [medianOf(delays), Math.max(...delays)];
    say(
      `a step's line: in the browser ${median.toFixed(0)} ms after the machine printed it ` +
        `(${Math.min(...delays).toFixed(0)}, ${most.toFixed(0)}; ${String(lines)} lines)`,
    );
    return { line_visible_ms: Math.round(median), line_visible_most_ms: Math.round(most) };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
};

async function startMachine(
  ends: (() => Promise<unknown>)[],
  say: PeopleOptions['say'],
): Promise<MachineTarget> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('needs Linux and root: the sshd runs in a mount namespace of its own');
  }
  if (!existsSync('/usr/sbin/sshd')) await ensureTestTools(say);
  const folder = await mkdtemp(join(tmpdir(), 'plinth-people-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const farm = await startSshds(1, folder);
  ends.push(() => farm.stop());
  const [machine] = farm.machines;
  if (machine === undefined) throw new Error('no machine');
  return machine.target;
}

/** One more cluster, which is being provisioned as far as the store knows; gives its id. */
async function beginProvision(store: Store): Promise<string> {
  const { record } = await store.clusters.apply({
    ...{ project: BENCH_PROJECT, name: CLUSTER, secretsHash: '' },
    desired: await benchCluster(CLUSTER),
  });
  const startedAt = Date.now() - AT.seconds * 1000;
  const story = await beginStory(store, record, { tasksetId: TASKSET, startedAt });
  await story.writeAt(AT.seconds);
  return record.id;
}

/** In the page: how long after its time each line was painted, once so many are there. */
const LINES_UNTIL = `
  const delays = new Map();
  let tell = () => undefined;
  const look = () => {
    const text = document.querySelector('pre.output')?.textContent ?? '';
    const fresh = [...text.matchAll(/line (\\d+) at (\\d+)/g)].filter(([, number]) => !delays.has(number));
    for (const [, number] of fresh) delays.set(number, undefined);
    if (fresh.length === 0) return;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        for (const [, number, at] of fresh) delays.set(number, Date.now() - Number(at) / 1000);
        tell();
      };
      port2.postMessage(undefined);
    });
  };
  new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
  globalThis.linesUntil = (wanted) => new Promise((resolve) => {
    tell = () => {
      const painted = [...delays.values()].filter((delay) => delay !== undefined);
      if (painted.length >= wanted) resolve(painted);
    };
    tell();
  });`;

async function openLog(page: Page, url: string): Promise<Page> {
  await page.goto(`${url}/clusters/${BENCH_PROJECT}/${CLUSTER}`);
  await page.getByRole('button', { name: new RegExp(AT.title) }).click();
  await page.getByRole('button', { name: `Log of ${AT.title} on ${AT.node}` }).click();
  await page.getByText('It has written nothing yet.').waitFor();
  await page.evaluate(`{${LINES_UNTIL}}`);
  return page;
}

/** What the worker's activity of a step does with a script that prints. */
async function print(
  store: Store,
  { clusterId, machine, lines }: { clusterId: string; machine: MachineTarget; lines: number },
): Promise<void> {
  const { node, step } = AT;
  const stepLog = await createStepLog(
    { store, log },
    { ...{ clusterId, node, step, tasksetId: TASKSET }, operation: 'ClusterCreation', attempt: 1 },
  );
  const redacted = redaction([]);
  const machines = createMachines();
  try {
    const { outcome, lastLines } = await machines.with(machine, (session) =>
      session.runStep(
        {
          ...{ runId: `${TASKSET}-claim-1`, tasksetId: TASKSET, step: 'claim' },
          owner: { clusterId, cluster: CLUSTER, project: BENCH_PROJECT },
          ...{ script: SCRIPT, params: { LINES_TO_PRINT: String(lines) } },
          ...{ timeoutSeconds: TIMEOUT_SECONDS, requireOwner: true },
        },
        {
          onLines: (more, offset) => {
            stepLog.add(more.map(redacted.text), offset);
          },
        },
      ),
    );
    if (outcome !== 'done') throw new Error(`${outcome}: ${lastLines.join(' ')}`);
  } finally {
    await stepLog.close();
    await machines.close();
  }
}
