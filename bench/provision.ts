import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { holdLab, isOn, labAvailable, labDown, labUp, resetMachine, type Lab } from '../lab/lab.js';
import { provisionByHand } from './byHand.js';
import { blockingChain, criticalPath } from './criticalPath.js';
import { provisionByProduct, type ProductRun } from './productRun.js';
import { chainLines, runsTable, verdicts, type RunFigures } from './report.js';
import { medianOf } from './median.js';
import { waterfall } from './waterfall.js';

const MACHINES = 3;
const AIMS = { ratio: 1.1, ratioByHand: 1.25, rssMb: 400 };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Seconds from the POST to READY of three bare machines, beside the critical path of the same run and the same
 * scripts run by hand over OpenSSH, in turns. Missing an aim is a result, not an error.
 * @throws Error when it could not measure.
 */
export async function provision(options: string[]): Promise<void> {
  const { runs, byHand } = readOptions(options);
  const unavailable = labAvailable();
  if (unavailable !== undefined) throw new Error(`there is no lab here: ${unavailable}`);
  const interrupted = abortOnSignals();
  const release = holdLab('bench provision');
  const names = Array.from({ length: MACHINES }, (_, index) => `m${String(index + 1)}`);
  const wasUp = names.some((name) => isOn(name));
  try {
    const lab = await labUp(MACHINES, { log: say });
    const figures: RunFigures[] = [];
    for (let run = 1; run <= runs; run++) {
      figures.push(await oneRun({ run, runs, lab, names, byHand, signal: interrupted }));
    }
    summarise(figures);
  } finally {
    // What was up before stays up, bare.
    if (wasUp) await reset(names);
    else await labDown({ log: say });
    release();
  }
}

interface OneRun {
  run: number;
  runs: number;
  lab: Lab;
  names: readonly string[];
  byHand: boolean;
  signal: AbortSignal;
}

async function oneRun({ run, runs, lab, names, byHand, signal }: OneRun): Promise<RunFigures> {
  say(`\n=== run ${run} of ${runs}: plinth (load average ${load()})`);
  await reset(names);
  const product = await provisionByProduct(lab, names, signal);
  const path = criticalPath(product.tasks, product.steps);
  showProduct(product, path.seconds);
  const figures: RunFigures = {
    readySeconds: product.readySeconds,
    criticalPathSeconds: path.seconds,
    rssMb: product.rssMb.api + product.rssMb.worker,
    load: product.load,
  };
  if (!byHand) return figures;
  say(`\n=== run ${run} of ${runs}: by hand (load average ${load()})`);
  await reset(names);
  const hand = await provisionByHand({
    lab,
    nodes: product.nodes,
    cluster: product.cluster,
    signal,
  });
  say(waterfall(hand.steps, hand.startedAt, hand.startedAt + hand.seconds * 1000));
  say(`by hand: ${hand.seconds.toFixed(1)} s`);
  return { ...figures, byHandSeconds: hand.seconds };
}

function showProduct(product: ProductRun, criticalSeconds: number): void {
  say(waterfall(product.steps, product.postedAt, product.readyAt));
  say('\nwhat READY waited for, and what lay between:');
  say(chainLines(blockingChain(product.tasks, product.steps), product).join('\n'));
  const { api, worker } = product.rssMb;
  say(
    `ready ${product.readySeconds.toFixed(1)} s, critical path ${criticalSeconds.toFixed(1)} s, ` +
      `peak memory: API ${api.toFixed(0)} MB, worker ${worker.toFixed(0)} MB`,
  );
  const cpu = Object.entries(product.cpu).map(([part, used]) => `${part} ${used.toFixed(1)}`);
  say(`processor seconds between POST and READY: ${cpu.join(', ')}`);
}

function summarise(figures: readonly RunFigures[]): void {
  const ready = medianOf(figures.map((of) => of.readySeconds));
  const critical = medianOf(figures.map((of) => of.criticalPathSeconds));
  const ratio = medianOf(figures.map((of) => of.readySeconds / of.criticalPathSeconds));
  const rss = Math.max(...figures.map((of) => of.rssMb));
  const hands = figures.flatMap(({ byHandSeconds }) => byHandSeconds ?? []);
  const ratioByHand = hands.length === 0 ? undefined : ready / medianOf(hands);
  say(`\n${runsTable(figures).join('\n')}\n`);
  say(verdicts({ ratio, ratioByHand, rssMb: rss }, AIMS).join('\n'));
  say(
    JSON.stringify({
      bench: 'provision',
      ready_s: round(ready, 2),
      critical_path_s: round(critical, 2),
      ratio: round(ratio, 3),
      ratio_by_hand: ratioByHand === undefined ? null : round(ratioByHand, 3),
      rss_mb: round(rss, 0),
    }),
  );
}

function readOptions(args: string[]): { runs: number; byHand: boolean } {
  const { values } = parseArgs({
    args,
    options: { runs: { type: 'string', default: '3' }, 'no-by-hand': { type: 'boolean' } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: 1 or more`);
  return { runs, byHand: values['no-by-hand'] !== true };
}

/** The first signal stops what runs and lets everything be taken down; the second ends it at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      say(`bench: ${signal}: taking down what was started (again: at once) …`);
      controller.abort(new Error(`stopped by ${signal}`));
    });
  }
  return controller.signal;
}

async function reset(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => resetMachine(name)));
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
