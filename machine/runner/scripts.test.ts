import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { bashFromStdin, canceller, launcher, receiver, wrapper } from './scripts.js';

const scripts = { launcher, wrapper, canceller, receiver };
const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;

describe.each(Object.entries(scripts))('the %s', (_, text) => {
  it.skipIf(!shellcheck)('passes shellcheck (skipped where that is not installed)', () => {
    const { stdout } = spawnSync('shellcheck', ['-s', 'bash', '-f', 'gcc', '-'], {
      input: text,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('is plain ASCII, so that its characters are its bytes', () => {
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

describe('bash that reads its script from stdin', () => {
  it('leaves every byte after the script to it', () => {
    const [command = '', ...words] = bashFromStdin('IFS= read -r line; echo "got $line"; cat\n');
    const input = 'IFS= read -r line; echo "got $line"; cat\nfirst\nrest\n';
    expect(execFileSync(command, words, { input, encoding: 'utf8' })).toBe('got first\nrest\n');
  });

  it("does not run root's own .bashrc, as a shell that sshd started does", () => {
    const home = mkdtempSync(join(tmpdir(), 'plinth-home-'));
    const run = ([command = '', ...words]: string[], input: string): string => {
      const env = { PATH: process.env['PATH'], HOME: home, SSH_CLIENT: '192.0.2.1 1 22' };
      return execFileSync(command, words, { input, encoding: 'utf8', env });
    };
    try {
      writeFileSync(join(home, '.bashrc'), 'echo hello\n');
      expect(run(['bash', '-c', 'cat'], 'read')).toBe('hello\nread');
      expect(run(bashFromStdin('cat\n'), 'cat\nread')).toBe('read');
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
