import { labAvailable, LabBusyError } from '../lab/lab.js';
import { ensureTestTools } from './ensureTestTools.js';
import { fieldTableCounts } from './fieldTableCounts.js';
import { ALL } from './labCases.js';
import { recordLabRun } from './labRecord.js';
import { sum, vitestRun } from './vitestRun.js';
import { withLab } from './withLab.js';

/* `npm run test:lab -- all | FILE…`: lab cases, however long; the result of each file is kept with its date. */

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  say(
    'usage: npm run test:lab -- all | FILE…   (files: test/lab/*.lab.test.ts, machine/**, lab/**)',
  );
  process.exit(64);
}
const unavailable = labAvailable();
if (unavailable !== undefined) {
  say(`plinth: no lab here: ${unavailable}`);
  process.exit(69);
}
await ensureTestTools(say);
const all = wanted.includes('all');
try {
  await withLab('test:lab', say, runCases);
} catch (error) {
  if (!(error instanceof LabBusyError)) throw error;
  say(`plinth: ${error.message}`);
  // sysexits(3) EX_TEMPFAIL.
  process.exitCode = 75;
}

async function runCases(): Promise<void> {
  const counts = await vitestRun(['--project', 'lab', ...(all ? ALL : wanted)]);
  // A part of a file's cases says nothing of the file.
  if (!wanted.some((word) => word.startsWith('-'))) await recordLabRun(counts.tests);
  const table = fieldTableCounts(counts.tests);
  for (const problem of table.problems) say(`plinth: the table of fields: ${problem}`);
  const total = sum([counts, table.counts]);
  say(
    `${String(total.passed)} passed, ${String(total.failed)} failed, ${String(total.skipped)} skipped`,
  );
  process.exitCode = total.failed > 0 || counts.passed === 0 ? 1 : 0;
}
