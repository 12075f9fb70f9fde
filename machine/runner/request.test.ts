import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { stepRun } from '../../test/ssh/runnerMachine.js';
import { buildRequest, checkRunId, paramsFile } from './request.js';
import { launcher, sha256 } from './scripts.js';

/** Everything that means something to a shell. */
const SPECIAL = [
  "'",
  '"',
  '\\',
  '$',
  '`',
  '!',
  '*',
  '\n',
  ' ',
  '\t',
  ';',
  '&',
  '|',
  '<',
  '(',
  '}',
  'é',
  '%',
  'a',
];

const header = (stdin: string): string[] =>
  stdin.slice(launcher.length, stdin.indexOf('\n\n', launcher.length)).split('\n');

describe('the parameters', () => {
  it('mean in a shell what they were, whatever they hold', () => {
    const value = fc.string({ unit: fc.constantFrom(...SPECIAL) });
    // Many values for each shell: starting one is the time that this takes.
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (texts) => {
        const say = (text: string): string =>
          `${paramsFile({ VALUE: text })}printf '%s\\0' "$VALUE"\n`;
        const said = execFileSync('bash', ['--norc', '-c', texts.map(say).join('')], {
          encoding: 'utf8',
        });
        expect(said.split('\0').slice(0, -1)).toEqual(texts);
      }),
      { numRuns: 10 },
    );
  });

  it.each(['lower', '1A', 'A-B', 'A B', 'A=1;B', ''])('cannot be named %j', (name) => {
    expect(() => paramsFile({ [name]: 'x' })).toThrow(
      expect.objectContaining({ code: 'Internal' }),
    );
  });

  it('may not hold a NUL, which no shell can carry', () => {
    expect(() => paramsFile({ A: 'x\0y' })).toThrow(expect.objectContaining({ code: 'Internal' }));
  });
});

describe('a request', () => {
  it('says how many bytes of parameters follow its header', () => {
    const { stdin } = buildRequest(stepRun('true', { params: { A: 'ä' } }), 0, 'nonce');
    expect(header(stdin)).toContain('params 7');
    expect(Buffer.from(stdin.split('\n\n').at(-1) ?? '')).toHaveLength(7);
  });

  it('names the script by its content and does not hold it', () => {
    const { stdin, scripts } = buildRequest(stepRun('echo unlikely-text'), 0, 'nonce');
    expect(header(stdin)).toContain(`script ${sha256('echo unlikely-text')}`);
    expect(stdin).not.toContain('unlikely-text');
    expect(scripts.get(sha256('echo unlikely-text'))).toBe('echo unlikely-text');
  });

  it('cannot be split by a newline in a name', () => {
    expect(() => buildRequest(stepRun('true', { tasksetId: 'a\nowned 0' }), 0, 'nonce')).toThrow(
      expect.objectContaining({ code: 'Internal' }),
    );
  });
});

describe('a run id', () => {
  it.each(['', 'A', '-a', 'a/b', '../x', 'a b', 'a'.repeat(81), 'runs', 'lock'])(
    'is not %j',
    (id) => {
      expect(() => checkRunId(id)).toThrow(expect.objectContaining({ code: 'Internal' }));
    },
  );

  it('of a taskset, a step and an attempt is fine', () => {
    expect(checkRunId('0f3a-kubeadm-init-2')).toBe('0f3a-kubeadm-init-2');
  });
});

describe('a look at a machine', () => {
  const modeOf = (step: string, requireOwner: boolean): string | undefined =>
    header(buildRequest(stepRun('true', { step, requireOwner }), 0, 'n').stdin).find((line) =>
      line.startsWith('mode '),
    );

  it('by `facts` stops nothing that runs there', () => {
    expect(modeOf('facts', false)).toBe('mode observe');
    expect(modeOf('facts', true)).toBe('mode exclusive');
  });

  it('is nothing else: what works for a cluster has the machine for itself', () => {
    expect(modeOf('certificates-renew', true)).toBe('mode exclusive');
  });
});
