import { labAvailable, LabBusyError } from '../lab/lab.js';
import { ensureTestTools } from './ensureTestTools.js';
import { fieldTableCounts } from './fieldTableCounts.js';
import { watchInterruption } from './interruption.js';
import { labFiles } from './labCases.js';
import { checkedOut, recordLabRun, unprovenHere } from './labRecord.js';
import { sum, vitestRun, type Counts } from './vitestRun.js';
import { withLab } from './withLab.js';

/*
 * `npm run test:lab -- all | rest | FILE…`: lab cases, however long. The result of each file is kept, with its date, as soon
 * as the file has ended; `rest` goes on where an `all` was cut off.
 */

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  say(
    [
      'usage: npm run test:lab -- all | rest | FILE…',
      '  all   every file of lab cases, hours of them',
      '  rest  those of them that have not passed on this code yet, by docs/lab-results.md',
      '  FILE  test/lab/*.lab.test.ts, machine/**, lab/**, as vitest takes them',
    ].join('\n'),
  );
  process.exit(64);
}
const unavailable = labAvailable();
if (unavailable !== undefined) {
  say(`plinth: no lab here: ${unavailable}`);
  process.exit(69);
}
await ensureTestTools(say);
const runs = await chosen();
const interrupted = watchInterruption(say);
try {
  if (runs.length > 0) await withLab('test:lab', say, runCases);
  else say('every file of lab cases has passed on this code: docs/lab-results.md');
} catch (error) {
  if (!(error instanceof LabBusyError)) throw error;
  say(`plinth: ${error.message}`);
  // sysexits(3) EX_TEMPFAIL.
  process.exitCode = 75;
}

/** What vitest is given, one run after another: a file each where it is a list of ours. */
async function chosen(): Promise<string[][]> {
  const [list, ...more] = wanted;
  if (more.length > 0 || (list !== 'all' && list !== 'rest')) return [wanted];
  const every = await labFiles();
  return (list === 'all' ? every : await unprovenHere(every)).map((file) => [file]);
}

async function runCases(): Promise<void> {
  const counts: Counts[] = [];
  for (const [index, words] of runs.entries()) {
    if (interrupted()) break;
    say(`plinth: ${words.join(' ')} (${String(index + 1)} of ${String(runs.length)})`);
    const before = await checkedOut();
    const run = await vitestRun(['--project', 'lab', ...words]);
    const after = await checkedOut();
    if (isWhole(words, run)) {
      await recordLabRun(run.tests, after === before ? after : `${before} with changes`);
    }
    counts.push(run);
  }
  const table = fieldTableCounts(sum(counts).tests);
  for (const problem of table.problems) say(`plinth: the table of fields: ${problem}`);
  const total = sum([...counts, table.counts]);
  for (const { file, title } of total.tests.filter((test) => test.state === 'failed')) {
    say(`failed: ${file}: ${title}`);
  }
  say(
    `${String(total.passed)} passed, ${String(total.failed)} failed, ${String(total.skipped)} skipped`,
  );
  process.exitCode = total.failed > 0 || total.passed === 0 || interrupted() ? 1 : 0;
}

/** A part of a file's cases says nothing of the file, nor does what was cut off or failed beside them. */
function isWhole(words: string[], { tests }: Counts): boolean {
  const ofFiles = tests.every(({ file }) => /^\S+\.test\.ts$/.test(file));
  return ofFiles && !words.some((word) => word.startsWith('-')) && !interrupted();
}
