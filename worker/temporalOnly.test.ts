import { execFile } from 'node:child_process';

import { expect, test } from 'vitest';

import { EXIT_CONFIG } from '../embedded/config.js';

test.each(['versions', 'healthy'])(
  'worker/%s asks for the address of Temporal, and for no other setting',
  async (program) => {
    const env = { PATH: process.env['PATH'], PLINTH_ARTIFACTS: '/no/such/bundle' };
    const { code, stderr } = await run(['--import', 'tsx', `worker/${program}.ts`], env);
    expect(code).toBe(EXIT_CONFIG);
    expect(stderr).toMatch(/^TEMPORAL_ADDRESS: not set.*\n$/);
  },
  60_000,
);

function run(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, _stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
}
