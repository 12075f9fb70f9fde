import { describe, expect, test } from 'vitest';

import { matchesLabels } from '../labels.js';
import { parseLabelSelector } from './labelSelector.js';

const LABELS = { env: 'prod', 'example.com/zone': 'a', empty: '' };

describe('a label selector', () => {
  test.each([
    ['', true],
    ['env=prod', true],
    ['env==prod', true],
    ['env = prod , empty', true],
    ['env=test', false],
    ['env!=test', true],
    ['other!=x', true],
    ['env!=prod', false],
    ['env in (test, prod)', true],
    ['env in (test)', false],
    ['env notin (test,stage),empty', true],
    ['env notin (prod)', false],
    ['other notin (x)', true],
    ['example.com/zone=a', true],
    ['empty=', true],
    ['empty', true],
    ['other', false],
    ['!other', true],
    ['!env', false],
    ['constructor', false],
  ])('%j on env=prod, example.com/zone=a, empty= is %s', (text, holds) => {
    const { requirements, problems } = parseLabelSelector(text);
    expect(problems).toEqual([]);
    expect(matchesLabels(LABELS, requirements)).toBe(holds);
  });

  test.each(['=a', 'a=b=c', 'a,,b', 'a in b', 'a in (b', '-a=b', 'a=-b', 'a b', 'a=b,'])(
    '%j is refused in words',
    (text) => {
      expect(parseLabelSelector(text).problems).not.toEqual([]);
    },
  );

  test('tells every problem at once', () => {
    expect(parseLabelSelector('-a=b,c=d,e=-f,g h').problems).toHaveLength(3);
  });
});
