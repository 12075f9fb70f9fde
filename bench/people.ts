import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { peopleCli } from './peopleCli.js';
import { peopleLines } from './peopleLines.js';
import { peoplePage } from './peoplePage.js';
import { startStoredApi, type StoredApi } from './storedApi.js';

export interface PeopleOptions {
  rounds: number;
  say: (text: string) => void;
}

/** Measures one of the places where people look; gives figures by name. */
export type PeoplePart = (
  api: StoredApi,
  options: PeopleOptions,
) => Promise<Record<string, number>>;

/** By name, in the order in which they are measured: the first of all sees a fresh API process. */
const PARTS: Readonly<Record<string, PeoplePart>> = {
  cli: peopleCli,
  page: peoplePage,
  lines: peopleLines,
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * How long people wait, with many clusters stored. Missing an aim is a result, not an error.
 * @throws Error when it could not measure.
 */
export async function people(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      clusters: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '15' },
      only: { type: 'string' },
    },
  });
  const [clusters, rounds] = [
    wholeNumber('clusters', values.clusters),
    wholeNumber('rounds', values.rounds),
  ];
  const { only } = values;
  if (only !== undefined && !Object.hasOwn(PARTS, only)) {
    throw new Error(`--only ${only}: one of ${Object.keys(PARTS).join(', ')}`);
  }
  const ends: (() => Promise<unknown>)[] = [];
  try {
    say(`storing ${String(clusters)} clusters …`);
    const api = await startStoredApi(clusters, ends);
    const figures: Record<string, number> = {};
    for (const [name, part] of Object.entries(PARTS)) {
      if (only !== undefined && only !== name) continue;
      Object.assign(figures, await part(api, { rounds, say }));
    }
    const load = Number((loadavg()[0] ?? 0).toFixed(1));
    say(JSON.stringify({ bench: 'people', clusters, rounds, load, ...figures }));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} ${text}: a whole number, 1 or more`);
}
