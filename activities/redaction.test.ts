import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AppError, ErrorCode } from '../core/errors.js';
import type { StepRunResult } from '../machine/types.js';
import { redaction } from './redaction.js';

const PASSWORD = `p@ss 'w"o\\rd`;

describe('what a machine says', () => {
  const { text } = redaction([PASSWORD, 'abcdef.0123456789abcdef']);

  test.each([
    ['as it is', PASSWORD],
    ['in a URL', encodeURIComponent(PASSWORD)],
    ['in a shell', PASSWORD.replaceAll("'", `'\\''`)],
    ['in JSON', JSON.stringify(PASSWORD).slice(1, -1)],
  ])('is shown without a secret %s', (_how, form) => {
    expect(text(`before ${form} after`)).toBe('before [secret] after');
  });

  test('is shown without a token, everywhere in the line', () => {
    const line = 'kubeadm join --token abcdef.0123456789abcdef; abcdef.0123456789abcdef';
    expect(text(line)).toBe('kubeadm join --token [secret]; [secret]');
  });

  test('is shown without the password of any URL', () => {
    expect(text('trying http://me:hunter2@proxy:3128/ …')).toBe(
      'trying http://[secret]@proxy:3128/ …',
    );
    expect(text('see https://docs.example.com:443/a@b')).toBe(
      'see https://docs.example.com:443/a@b',
    );
  });

  test('is shown without a secret in base64, whatever stands before and after it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (before, after) => {
        const encoded = Buffer.from(before + PASSWORD + after).toString('base64');
        expect(text(encoded)).toContain('[secret]');
      }),
    );
  });

  test('stays as it is where there is nothing to hide, and where a secret is hardly one', () => {
    expect(redaction([]).text('a line')).toBe('a line');
    expect(redaction(['a']).text('a line')).toBe('a line');
  });
});

test('a result is shown without secrets, but those that are read from it', () => {
  const result: StepRunResult = {
    outcome: 'failed',
    results: { kubeconfig: 'hunter2' },
    command: 'curl hunter2',
    hint: 'hunter2?',
    reason: 'hunter2',
    lastLines: ['hunter2', 'else'],
    ...{ startedAt: 1, endedAt: 2, bootId: 'b', reattached: false },
  };
  const shown = redaction(['hunter2']).result(result);
  expect(shown.results).toEqual(result.results);
  expect(JSON.stringify({ ...shown, results: {} })).not.toContain('hunter2');
  expect(shown.lastLines).toEqual(['[secret]', 'else']);
});

test('an error is shown without secrets, with all that caused it, and is of the same class', () => {
  const cause = new Error('read hunter2', { cause: new TypeError('hunter2') });
  const error = new AppError(ErrorCode.StepFailed, 'm1: hunter2', {
    ...{ cause, problems: [{ path: '', message: 'hunter2' }] },
    failure: {
      node: 'm1',
      step: 'claim',
      lastLines: ['hunter2'],
      command: 'hunter2',
      hint: 'hunter2',
    },
  });
  const shown = redaction(['hunter2']).error(error) as AppError;
  expect(shown).toMatchObject({ code: 'StepFailed', failure: { node: 'm1', step: 'claim' } });
  const texts: unknown[] = [];
  for (let each: unknown = shown; each instanceof Error; each = each.cause) {
    texts.push(each.message, each.stack, Object.entries(each));
  }
  expect(JSON.stringify(texts)).not.toContain('hunter2');
  expect(texts).toHaveLength(9);
});
