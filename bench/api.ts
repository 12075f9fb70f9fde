import { fork } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { BENCH_PROJECT } from './apiSeed.js';
import { clusterWriter, writeUntilStopped, type Write } from './clusterWriter.js';
import { load, type LoadFigures, type LoadOptions } from './load.js';
import { medianOf } from './median.js';
import { startStoredApi } from './storedApi.js';

const AIM = 0.5;
const HOST = '127.0.0.1';
const CLUSTERS = `/apis/infra.k8smgmt.io/v3/projects/${BENCH_PROJECT}/clusters`;
const WARM_UP_SECONDS = 2;
const FIRST_PASS_SECONDS = 60;
/** Of a console, and what is answered when nobody says how many. */
const PAGES = { list: 25, list100: 100 } as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Options {
  clusters: number;
  rounds: number;
  seconds: number;
  connections: number;
}

/**
 * `list` and `list100` ask for one page again and again, `listAny` and `listAny100` for all pages in any order; the ones
 * that end in `Writing` while clusters are made and removed, one after the other, so that no page stays as it was.
 */
const QUIET = ['bare', 'status', 'list', 'list100', 'listAny', 'listAny100'] as const;
const WRITING = ['listWriting', 'listAnyWriting'] as const;
const WAYS = [...QUIET, ...WRITING] as const;
type Way = (typeof WAYS)[number];
type Round = Record<Way, LoadFigures>;

/**
 * Requests per second and latencies of the status of a cluster and of a list, with many clusters stored, beside
 * a bare Hono route that does one findOne on the same MongoDB server, in turns. Missing the aim is a result, not
 * an error.
 * @throws Error when it could not measure.
 */
export async function api(args: string[]): Promise<void> {
  const options = readOptions(args);
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const { ways, write } = await start(options, ends);
    await load({ ...ways.bare, seconds: WARM_UP_SECONDS });
    const first = await firstPass(ways);
    const rounds: Round[] = [];
    for (const way of Object.values(ways)) await load({ ...way, seconds: WARM_UP_SECONDS });
    let writes = 0;
    for (let round = 1; round <= options.rounds; round++) {
      const figures: Partial<Round> = {};
      for (const way of QUIET) figures[way] = await load(ways[way]);
      const writing = writeUntilStopped(write);
      for (const way of WRITING) figures[way] = await load(ways[way]);
      writes += await writing.stop();
      rounds.push(figures as Round);
      say(rowOf(String(round), figures as Round));
    }
    const perSecond = writes / (options.rounds * options.seconds * WRITING.length);
    say(`writes meanwhile: ${perSecond.toFixed(1)} a second (a cluster made, or removed)`);
    summarise(rounds, first, options);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** All pages once, of a process that has read none of them, over the bare route just after. */
async function firstPass(ways: Record<Way, LoadOptions>): Promise<number> {
  const all = { ...ways.listAny, requests: ways.listAny.paths.length, seconds: FIRST_PASS_SECONDS };
  const { requestsPerSecond } = await load(all);
  const bare = await load(ways.bare);
  return requestsPerSecond / bare.requestsPerSecond;
}

async function start(
  { clusters, connections, seconds }: Options,
  ends: (() => Promise<unknown>)[],
): Promise<{ ways: Record<Way, LoadOptions>; write: Write }> {
  say(`storing ${String(clusters)} clusters …`);
  const { url, adminKey, names, uri, database } = await startStoredApi(clusters, ends);
  const bare = await startBare(uri, database, ends);
  const ours = { url, headers: { 'x-api-key': adminKey } };
  const shuffled = names.toSorted(() => Math.random() - 0.5);
  const each = { connections, seconds };
  const write = await clusterWriter(uri, ends);
  const ways: Record<Way, LoadOptions> = {
    bare: {
      ...{ url: bare, headers: {}, ...each },
      paths: shuffled.map((name) => `/${BENCH_PROJECT}/${name}`),
    },
    status: {
      ...{ ...ours, ...each },
      paths: shuffled.map((name) => `${CLUSTERS}/${name}/status`),
    },
    list: { ...ours, ...each, paths: [`${CLUSTERS}?limit=${String(PAGES.list)}`] },
    list100: { ...ours, ...each, paths: [`${CLUSTERS}?limit=${String(PAGES.list100)}`] },
    listWriting: { ...ours, ...each, paths: [`${CLUSTERS}?limit=${String(PAGES.list)}`] },
    listAny: { ...ours, ...each, paths: pagesOf(PAGES.list, names.length) },
    listAny100: { ...ours, ...each, paths: pagesOf(PAGES.list100, names.length) },
    listAnyWriting: { ...ours, ...each, paths: pagesOf(PAGES.list, names.length) },
  };
  return { ways, write };
}

/** Every page of the list, in any order: no two connections ask for the same at once. */
function pagesOf(limit: number, count: number): string[] {
  return Array.from(
    { length: Math.ceil(count / limit) },
    (_, page) => `${CLUSTERS}?limit=${String(limit)}&offset=${String(page * limit)}`,
  ).toSorted(() => Math.random() - 0.5);
}

async function startBare(
  uri: string,
  database: string,
  ends: (() => Promise<unknown>)[],
): Promise<string> {
  const child = fork(fileURLToPath(new URL('bareRoute.ts', import.meta.url)), [uri, database], {
    execArgv: ['--import', 'tsx'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  ends.push(() => {
    child.kill('SIGTERM');
    return ended;
  });
  const port = await Promise.race([
    new Promise<unknown>((resolve) => child.once('message', resolve)),
    ended.then((code) => {
      throw new Error(`the bare route ended with ${String(code)}`);
    }),
  ]);
  return `http://${HOST}:${String(port)}`;
}

function rowOf(name: string, round: Round): string {
  const cells = WAYS.map((way) => round[way]).map(
    ({ requestsPerSecond, p50Ms, p99Ms }) =>
      `${requestsPerSecond.toFixed(0).padStart(7)} ${p50Ms.toFixed(1).padStart(6)} ${p99Ms.toFixed(1).padStart(6)}`,
  );
  return `${name.padEnd(8)}${cells.join('  |')}   load ${(loadavg()[0] ?? 0).toFixed(1)}`;
}

function summarise(rounds: readonly Round[], first: number, options: Options): void {
  const middle = (way: Way): LoadFigures => ({
    requestsPerSecond: medianOf(rounds.map((round) => round[way].requestsPerSecond)),
    p50Ms: medianOf(rounds.map((round) => round[way].p50Ms)),
    p99Ms: medianOf(rounds.map((round) => round[way].p99Ms)),
  });
  const all = Object.fromEntries(WAYS.map((way) => [way, middle(way)])) as Round;
  // Of each round by itself: what else the computer does then slows both.
  const ratio = (way: Way): number =>
    medianOf(rounds.map((round) => round[way].requestsPerSecond / round.bare.requestsPerSecond));
  const ratios = WAYS.filter((way) => way !== 'bare').map((way) => [way, ratio(way)] as const);
  say(rowOf('median', all));
  say(`        requests/s, p50 ms, p99 ms of: ${WAYS.join(' | ')}`);
  for (const [way, reached] of ratios) {
    const met = reached >= AIM ? 'met' : 'NOT MET';
    say(`${way} ÷ bare route ${reached.toFixed(3)} (aim: at least ${AIM.toFixed(2)}): ${met}`);
  }
  say(`listAny, all pages for the first time ÷ bare route ${first.toFixed(3)}`);
  const flat = (way: Way, of: LoadFigures): object => ({
    [`${way}_rps`]: round(of.requestsPerSecond, 0),
    [`${way}_p50_ms`]: round(of.p50Ms, 2),
    [`${way}_p99_ms`]: round(of.p99Ms, 2),
  });
  say(
    JSON.stringify({
      ...{ bench: 'api', clusters: options.clusters, connections: options.connections },
      ...WAYS.reduce((figures, way) => ({ ...figures, ...flat(way, all[way]) }), {}),
      ...Object.fromEntries(ratios.map(([way, reached]) => [`ratio_${way}`, round(reached, 3)])),
      ratio_listFirst: round(first, 3),
    }),
  );
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      clusters: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '32' },
    },
  });
  const number = (name: keyof typeof values): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new Error(`--${name} ${values[name]}: a whole number, 1 or more`);
  };
  return {
    ...{ clusters: number('clusters'), rounds: number('rounds') },
    ...{ seconds: number('seconds'), connections: number('connections') },
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
