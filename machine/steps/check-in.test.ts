import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-check-in-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The step on a control plane whose API server lists these nodes. */
async function checkIn(listed: string): Promise<{ failed: boolean; output: string }> {
  const files = ['prelude', 'control-plane-lib', 'check-in'];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  const [prelude, lib, step] = texts;
  // Our kubectl, after the library has named the machine's.
  const kube = `kube() { case $* in "get nodes "*) printf '%s' "$LISTED" ;; "version -o yaml") echo serverVersion: ;; esac; }`;
  const script = [prelude, lib, kube, step].join('\n');
  const env = {
    PATH: process.env['PATH'],
    PLINTH_RUN_DIR: dir,
    PLINTH_STATE: dir,
    LISTED: listed,
    NODES: 'm1 10.0.0.1\nm2 10.0.0.2',
  };
  return exec('bash', ['--norc', '-c', script], { env }).then(
    ({ stdout }) => ({ failed: false, output: stdout }),
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return { failed: true, output: stdout + stderr };
    },
  );
}

describe('checking in with the API server', () => {
  it('finds the nodes of the spec at their addresses, in any family', async () => {
    const { failed, output } = await checkIn('m1 10.0.0.1 fd00::1\nm2 10.0.0.2\n');
    expect(failed, output).toBe(false);
    expect(output).not.toMatch(/m1|m2/);
    expect(await readFile(join(dir, 'results/nodes'), 'utf8')).toBe('2');
  });

  it('names a node that has not joined, whose own step has failed', async () => {
    const { failed, output } = await checkIn('m1 10.0.0.1\n');
    expect(failed).toBe(false);
    expect(output).toContain('m2 of the spec is not among the nodes');
  });

  it('names a node that the spec does not hold, and leaves it alone', async () => {
    const { failed, output } = await checkIn('m1 10.0.0.1\nm2 10.0.0.2\nm22 10.0.0.22\n');
    expect(failed).toBe(false);
    expect(output).toContain('the node m22 is not in the spec');
  });

  it('fails where another machine answers by the name of a node', async () => {
    const { failed, output } = await checkIn('m1 10.0.0.1\nm2 10.0.0.9\n');
    expect(failed).toBe(true);
    expect(output).toContain('m2 is at 10.0.0.9, in the spec at 10.0.0.2');
  });
});
