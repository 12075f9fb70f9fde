import { spawnSync, type StdioOptions } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { PLINTH, runPlinth } from './runPlinth.js';

/* The command line as a process of its own, and no server. */

/** What never returns is ended by then. */
const LIMIT_MS = 15_000;
const home = mkdtempSync(join(tmpdir(), 'plinth-alone-'));
afterAll(() => rmSync(home, { recursive: true }));
// The bundle is made by the first start: that is none of what is limited.
beforeAll(() => runPlinth(['version', '--client'], { env: { HOME: home } }), 120_000);

interface Started {
  env?: Record<string, string>;
  stdio?: StdioOptions;
  /** A shell's line before it: where it is started. */
  first?: string;
}

function plinth(args: string, { env = {}, stdio, first = ':' }: Started = {}) {
  const command = `${first}; exec '${process.execPath}' '${PLINTH}' ${args}`;
  const { status, signal, stderr } = spawnSync('sh', ['-c', command], {
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
    ...{ timeout: LIMIT_MS, killSignal: 'SIGKILL', encoding: 'utf8' },
    ...(stdio === undefined ? {} : { stdio }),
  });
  return { status, signal, err: stderr };
}

describe.skipIf(!existsSync('/proc/self'))('a folder that cannot be made ends with 73', () => {
  const set = 'config set-context x --url http://x';

  test('under /proc, which answers that there is no such folder', () => {
    const { status, signal, err } = plinth(set, {
      env: { PLINTH_CONFIG: '/proc/plinth/config.json' },
    });
    expect([status, signal]).toEqual([73, null]);
    expect(err).toContain('/proc/plinth/config.json cannot be written');
  });

  test('where the folder that a relative path begins in is gone', () => {
    const { status, signal, err } = plinth(set, {
      env: { PLINTH_CONFIG: 'a/b/config.json' },
      first: 'mkdir "$HOME/gone" && cd "$HOME/gone" && rmdir "$HOME/gone"',
    });
    expect([status, signal]).toEqual([73, null]);
    expect(err).toContain('a/b/config.json cannot be written');
  });
});

describe('standard output', () => {
  test.skipIf(!existsSync('/dev/full'))('that is full ends with 73, and says so', () => {
    const { status, err } = plinth('version --client', {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    expect([status, err]).toEqual([73, expect.stringContaining('ENOSPC')]);
  });

  test('whose reader has left is no error', () => {
    const { status, err } = plinth('completion bash', {
      first:
        'exec 3>&1; exec >/dev/null; mkfifo "$HOME/pipe"; head -c0 <"$HOME/pipe" & exec >"$HOME/pipe"; wait',
    });
    expect([status, err]).toEqual([0, '']);
  });
});
