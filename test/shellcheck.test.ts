import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { scriptText, stepModules } from '../machine/steps/registry.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const there = spawnSync('shellcheck', ['--version']).status === 0;
/** As root on Linux the tests install their tools: there it must not be missing. */
const mayBeMissing = process.platform !== 'linux' || process.getuid?.() !== 0;

function findings(text: string, disabled: readonly string[] = []): string {
  const exclude = disabled.length === 0 ? [] : ['--exclude', disabled.join(',')];
  const args = ['--shell=bash', '--format=gcc', ...exclude, '-'];
  return spawnSync('shellcheck', args, { input: text, encoding: 'utf8' }).stdout;
}

/** Scripts in the checkout, those not committed yet included. */
function shellFiles(): string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.sh'];
  return execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith('test/goldens/'));
}

/** Concatenated before they run. */
const PARTS = /^machine\/(runner|transfer)\//;

describe('shellcheck', () => {
  it.skipIf(mayBeMissing)('is there', () => {
    expect(there).toBe(true);
  });

  it.skipIf(!there).each(shellFiles())('finds nothing in %s', (file) => {
    const text = readFileSync(`${ROOT}${file}`, 'utf8');
    // A part sets what a later part reads.
    expect(findings(text, PARTS.test(file) ? ['SC2034'] : [])).toBe('');
  });

  it.skipIf(!there).each(wholeScripts())('finds nothing in the whole script of %s', (_, text) => {
    // Libraries set and define more than each script uses; parameters differ from locals by their case.
    expect(findings(text, ['SC2034', 'SC2317', 'SC2153'])).toBe('');
  });
});

/** Where a variable that is set nowhere shows. */
function wholeScripts(): [name: string, text: string][] {
  const found = new Map<string, string>();
  for (const module of stepModules) {
    for (const family of ['debian', 'rhel'] as const) {
      const text = scriptText(module, family);
      if (!found.has(text)) found.set(text, `${module.name} (${family})`);
    }
  }
  return [...found].map(([text, name]) => [name, text]);
}
