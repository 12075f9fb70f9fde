import { labAvailable } from '../lab/lab.js';
import { ensureTestTools } from './ensureTestTools.js';
import { fieldTableCounts } from './fieldTableCounts.js';
import { watchInterruption } from './interruption.js';
import { STORY } from './labCases.js';
import { failure, sum, vitestRun, type Counts } from './vitestRun.js';
import { withLab } from './withLab.js';

/*
 * `npm test`: the unit tests, then what other people's programs make of the API (schemathesis, a browser), then the
 * story on real machines where this computer can have them. The last line is the count; it is red when anything
 * failed, or was skipped that should have run.
 */

const startedAt = Date.now();
/** Minutes after which no further lab file is started. */
const BUDGET = Number(process.env['PLINTH_TEST_BUDGET_MIN'] ?? '75');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const counts: Counts[] = [];
const interrupted = watchInterruption(say);

await ensureTestTools(say);
counts.push(await vitestRun(['--project', 'unit']));
if (!interrupted()) counts.push(await vitestRun(['--project', 'clients']));
const unavailable = labAvailable();
if (unavailable === undefined) await runLab();
else counts.push(skipped(STORY, `no lab here: ${unavailable}`));

const table = fieldTableCounts(sum(counts).tests);
for (const problem of table.problems) say(`plinth: the table of fields: ${problem}`);
counts.push(table.counts);

const total = sum(counts);
for (const skip of total.skips) say(`skipped: ${skip}`);
// Again, at the end: of a long log people and machines often keep the last lines only.
for (const { file, title } of total.tests.filter(({ state }) => state === 'failed')) {
  say(`failed: ${file}: ${title}`);
}
say(`took ${((Date.now() - startedAt) / 60_000).toFixed(1)} min`);
// As root on Linux everything can run: only the budget may leave something out.
const unexpected =
  unavailable !== undefined && process.platform === 'linux' && process.getuid?.() === 0;
process.exitCode = total.failed > 0 || total.passed === 0 || unexpected || interrupted() ? 1 : 0;
say(
  `${String(total.passed)} passed, ${String(total.failed)} failed, ${String(total.skipped)} skipped`,
);

async function runLab(): Promise<void> {
  try {
    await withLab('npm test', say, runStory);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`plinth: the lab failed: ${why}`);
    counts.push(failure('the lab', why));
  }
}

async function runStory(): Promise<void> {
  for (const file of STORY) {
    if (interrupted()) return;
    if (minutes() > BUDGET) {
      const budget = `the budget of ${String(BUDGET)} min (PLINTH_TEST_BUDGET_MIN) is used up`;
      counts.push(skipped([file], budget));
      continue;
    }
    say(`plinth: ${file}`);
    counts.push(await vitestRun(['--project', 'lab', file]));
  }
}

function minutes(): number {
  return (Date.now() - startedAt) / 60_000;
}

function skipped(files: readonly string[], why: string): Counts {
  const skips = files.map((file) => `${file}: ${why}`);
  return { passed: 0, failed: 0, skipped: files.length, skips, tests: [] };
}
