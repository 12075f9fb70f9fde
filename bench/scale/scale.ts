import { parseArgs } from 'node:util';

import { scaleJson, scaleTable, scaleVerdicts, type ScaleRun } from './figures.js';
import { provisionScale } from './provisionScale.js';

const SIZES = '10,100,1000';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Clusters of several sizes from the POST to READY through the API, the workflows and the store, each with everything
 * started anew. The machines are SSH servers that play recorded steps and run nothing: what is measured is ours alone.
 * Missing a bound is a result, not an error.
 * @throws Error when it could not measure.
 */
export async function scale(options: string[]): Promise<void> {
  const sizes = readSizes(options);
  say(
    'machines: ssh2 servers of test/ssh on loopback that play recorded steps at once and run nothing;',
  );
  say(
    'cost: processor time of API and worker from the POST to READY; each size with everything started anew',
  );
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const runs: ScaleRun[] = [];
  for (const machines of sizes) {
    const run = await provisionScale(machines, { say, signal: stopping.signal });
    runs.push(run);
    for (const line of scaleTable([run])) say(line);
  }
  say('');
  for (const line of [...scaleTable(runs), '', ...scaleVerdicts(runs)]) say(line);
  say(JSON.stringify(scaleJson(runs)));
}

function readSizes(args: string[]): number[] {
  const { values } = parseArgs({ args, options: { sizes: { type: 'string', default: SIZES } } });
  const sizes = values.sizes.split(',').map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size >= 2 && size <= 5_000)) {
    return sizes.toSorted((a, b) => a - b);
  }
  throw new Error(
    `--sizes ${values.sizes}: whole numbers from 2 to 5000, with commas between them`,
  );
}
