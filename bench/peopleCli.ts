import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { BENCH_PROJECT } from './apiSeed.js';
import { medianOf } from './median.js';
import type { PeoplePart } from './people.js';

const PLINTH = fileURLToPath(new URL('../bin/plinth.js', import.meta.url));
const WARM_UPS = 2;

/** What is timed, from the start of the process to its end, its output read. */
const COMMANDS = {
  /** Node alone: what no command line of ours can be faster than. */
  node_ms: ['-e', '0'],
  cli_start_ms: [PLINTH, 'version', '--client'],
  get_clusters_ms: [PLINTH, 'get', 'clusters'],
  get_all_clusters_ms: [PLINTH, 'get', 'clusters', '--all'],
} as const;
type Figure = keyof typeof COMMANDS;

/** The first answer of a fresh API process, and then the medians of each command, in turns. */
export const peopleCli: PeoplePart = async ({ url, adminKey, names }, { rounds, say }) => {
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...{ PLINTH_URL: url, PLINTH_API_KEY: adminKey, PLINTH_PROJECT: BENCH_PROJECT },
  };
  // What bundles the command line asks nothing of the server.
  await timed(COMMANDS.cli_start_ms, env);
  const first = await timed(COMMANDS.get_clusters_ms, env);
  const all = Object.keys(COMMANDS) as Figure[];
  const taken = new Map<Figure, number[]>(all.map((figure) => [figure, []]));
  for (let round = 1 - WARM_UPS; round <= rounds; round += 1) {
    for (const figure of all) {
      const { ms, lines } = await timed(COMMANDS[figure], env);
      const wanted = figure === 'get_all_clusters_ms' ? names.length + 1 : undefined;
      if (wanted !== undefined && lines !== wanted) {
        throw new Error(`${String(lines)} lines of ${String(wanted)}`);
      }
      if (round > 0) taken.get(figure)?.push(ms);
    }
  }
  const figures: Record<string, number> = { get_clusters_first_ms: Math.round(first.ms) };
  say(`${'ms'.padEnd(22)} median   least    most`);
  for (const [figure, values] of taken) {
    const [median, least, most] = [medianOf(values), Math.min(...values), Math.max(...values)];
    const cells = [median, least, most].map((value) => value.toFixed(0).padStart(7));
    say(`${figure.padEnd(20)} ${cells.join(' ')}`);
    figures[figure] = Math.round(median);
  }
  return figures;
};

/** @throws Error when the command does not end well. */
async function timed(
  command: readonly string[],
  env: Record<string, string>,
): Promise<{ ms: number; lines: number }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [lines, said] = [0, ''];
  child.stdout.on('data', (data: Buffer) => {
    lines += data.toString().split('\n').length - 1;
  });
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${command.join(' ')}: ${String(code)} ${said}`);
  return { ms: performance.now() - startedAt, lines };
}
