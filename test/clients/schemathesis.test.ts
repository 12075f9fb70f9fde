import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { ensureSchemathesis } from '../../scripts/ensureSchemathesis.js';
import { serveTestApi, storeExamples, type ServedApi } from './servedApi.js';

const CONFIG = fileURLToPath(new URL('./schemathesis.toml', import.meta.url));
/** Some minutes on two cores. More than this is not slow but stuck. */
const MOST_MS = 12 * 60_000;

let program: string;
let served: ServedApi;
let folder: string;
beforeAll(async () => {
  program = await ensureSchemathesis();
  served = await serveTestApi();
  folder = await mkdtemp(join(tmpdir(), 'plinth-schemathesis-'));
}, 15 * 60_000);
afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  code: number;
  output: string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { env: { ...process.env, ...env }, cwd: folder, timeout: MOST_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: stdout + stderr });
      },
    );
  });
}

async function operationCount(): Promise<number> {
  const answer = await fetch(`${served.url}/openapi.json`);
  const { paths } = (await answer.json()) as { paths: Record<string, object> };
  return Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
}

test(
  'schemathesis finds no 5xx and nothing that the document does not say, over all operations',
  { timeout: MOST_MS + 60_000 },
  async () => {
    const { installerToken } = await storeExamples(served.api);
    const { code, output } = await run(
      ['--config-file', CONFIG, 'run', `${served.url}/openapi.json`, '--no-color'],
      { PLINTH_TEST_KEY: served.api.adminKey, PLINTH_TEST_INSTALLER_TOKEN: installerToken },
    );
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    // It has run, all of it: not only found nothing.
    const all = await operationCount();
    expect(output).toContain(`Operations:       ${String(all)} selected / ${String(all)} total`);
    expect(output).toMatch(new RegExp(`Tested: ${String(all)}\\b`));
    for (const phase of ['Examples', 'Coverage', 'Fuzzing', 'Stateful']) {
      expect(output).toMatch(new RegExp(`✅ +${phase} \\(in`));
    }
    expect(Number(/(\d+) generated/.exec(output)?.[1])).toBeGreaterThan(1000);
  },
);
