import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Titles of what was skipped. */
  skips: string[];
  /** One per test, for the written result. */
  tests: { file: string; title: string; state: string; seconds: number }[];
}

interface JsonReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string; duration?: number | null }[];
  }[];
}

/**
 * Runs vitest with what people see on the terminal, and counts by its own report. A run that ends without
 * one, or a file that could not be loaded, counts as a failure: nothing passes by not having run.
 */
export async function vitestRun(args: readonly string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-vitest-'));
  const report = join(folder, 'report.json');
  try {
    const code = await run([
      ...args,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const text = await readFile(report, 'utf8').catch(() => undefined);
    if (text === undefined) return failure(args.join(' '), 'vitest ended without a report');
    const counts = count(JSON.parse(text) as JsonReport);
    if (code === 0 || counts.failed > 0) return counts;
    return sum([counts, failure(args.join(' '), `vitest ended with ${String(code)}`)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Something that failed beside the tests: it counts as one, and has a name like one. */
export function failure(file: string, title: string): Counts {
  const tests = [{ file, title, state: 'failed', seconds: 0 }];
  return { passed: 0, failed: 1, skipped: 0, skips: [], tests };
}

function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, 'node_modules/.bin/vitest'), ['run', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

export function count(report: JsonReport): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, skips: [], tests: [] };
  for (const file of report.testResults) {
    const name = file.name.replace(ROOT, '');
    if (
      file.status === 'failed' &&
      file.assertionResults.every(({ status }) => status !== 'failed')
    ) {
      counts.failed += 1;
      counts.tests.push({ file: name, title: 'is not loaded', state: 'failed', seconds: 0 });
    }
    for (const { fullName, status, duration } of file.assertionResults) {
      counts.tests.push({
        file: name,
        title: fullName,
        state: status,
        seconds: (duration ?? 0) / 1000,
      });
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else {
        counts.skipped += 1;
        counts.skips.push(`${name}: ${fullName}`);
      }
    }
  }
  return counts;
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (a, b) => ({
      passed: a.passed + b.passed,
      failed: a.failed + b.failed,
      skipped: a.skipped + b.skipped,
      skips: [...a.skips, ...b.skips],
      tests: [...a.tests, ...b.tests],
    }),
    { passed: 0, failed: 0, skipped: 0, skips: [], tests: [] },
  );
}
