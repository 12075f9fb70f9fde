import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

/**
 * Says how many files of OpenTelemetry were loaded, before traces are wanted and after. Not of its API: prom-client has
 * that small one anyway.
 */
const SCRIPT = `
import { createRequire } from 'node:module';
const { cache } = createRequire(import.meta.url);
const loaded = () => Object.keys(cache).filter((path) => /@opentelemetry.(?!api.)/.test(path)).length;
await import('./api/app.ts');
await import('./worker/worker.ts');
const { startTracing } = await import('./tracing/startTracing.ts');
const before = loaded();
const tracing = await startTracing({ service: 's', version: '1', log: console });
console.log(JSON.stringify([before, loaded()]));
await tracing.stop();
`;

test('where no traces are wanted, nothing of OpenTelemetry is loaded', async () => {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: resolve('.') });
  const [before, after] = JSON.parse(stdout) as [number, number];
  expect(before).toBe(0);
  expect(after).toBeGreaterThan(10);
}, 60_000);
