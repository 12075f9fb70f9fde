import { execFileSync, spawnSync } from 'node:child_process';
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
});
