import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { Cluster } from '../cluster.js';
import { AppError } from '../errors.js';
import { parseYaml, parseYamlDocuments } from './yamlText.js';

function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error.problems.map((problem) => problem.message);
    throw error;
  }
  throw new Error('it was accepted');
}

describe('parseYaml', () => {
  test('reads the core types of YAML 1.2 and leaves the rest text', () => {
    expect(parseYaml('a: 1.28\nb: yes\nc: 2024-01-01\nd: "22"\ne: true\nf: ~\n')).toEqual({
      ...{ a: 1.28, b: 'yes', c: '2024-01-01', d: '22', e: true, f: null },
    });
  });

  test('tells every key that is there twice, each with its place', () => {
    expect(problemsOf(() => parseYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 2\n'))).toEqual([
      'line 5, column 1: the key a is there twice',
      'line 4, column 3: the key c is there twice',
    ]);
  });

  test.each([
    ['a tag that nothing here understands', 'a: !!js/function x', 'line 1, column 4'],
    ['a key that is no text', '? {x: 1}\n: 2', 'a key must be a text'],
    ['two documents', 'a: 1\n---\nb: 2', 'line 2'],
    ['an alias of nothing', 'a: *b', 'line 1, column 4'],
    ['a list that holds itself', '&a [*a]', 'nested'],
    ['a name that is an object’s own', '{__proto__: {a: 1}}', '__proto__'],
  ])('refuses %s', (_, text, words) => {
    expect(problemsOf(() => parseYaml(text)).join()).toContain(words);
  });

  test('refuses aliases that multiply without end', () => {
    const line = (name: string, of: string): string =>
      `${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]\n`;
    const text = `a: &a [1]\n${line('b', 'a')}${line('c', 'b')}${line('d', 'c')}${line('e', 'd')}`;
    expect(problemsOf(() => parseYaml(text)).join()).toContain('alias');
  });

  test('refuses what is nested thousands deep, and the process lives', () => {
    const text = '['.repeat(5_000) + ']'.repeat(5_000);
    expect(problemsOf(() => parseYaml(text)).join()).toContain('nested too deep');
  });

  test.each([
    ['a list of a million items', `[${'a,'.repeat(1_000_000)}a]`],
    ['a map of many keys', Array.from({ length: 200_000 }, (_, key) => `k${key}: v`).join('\n')],
    ['nothing but defects', '%\n'.repeat(400_000)],
  ])('refuses %s before it costs seconds', (_, text) => {
    expect(problemsOf(() => parseYaml(text))).toEqual([
      'the YAML has too many parts: send it as JSON',
    ]);
  });

  test('reads a spec of a thousand machines with every field', () => {
    const [head = '', nodes = ''] = readFileSync('examples/every-field.yaml', 'utf8').split(
      /(?<=\n +nodes:\n)/,
    );
    const all = parseYaml(head + nodes.repeat(500)) as Cluster;
    expect(all.spec.config.nodes.length).toBeGreaterThanOrEqual(1000);
  }, 120_000);

  test('tells no more than twenty defects of a text that has one at each character', () => {
    expect(problemsOf(() => parseYaml('"'.repeat(10_000)))).toHaveLength(20);
  });
});

describe('parseYamlDocuments', () => {
  test('gives what each document says', () => {
    expect(parseYamlDocuments('a: 1\n---\nb: &x 2\nc: *x\n')).toEqual({
      ...{ values: [{ a: 1 }, { b: 2, c: 2 }], defects: [] },
    });
    expect(parseYamlDocuments('')).toEqual({ values: [], defects: [] });
  });

  test.each([
    ['an alias of nothing', 'host: *.example.com', 'line 1, column 7: an alias'],
    ['a tag that nothing here understands', 'a: !vault x', 'line 1, column 4'],
    ['an unresolved tag in the second', 'a: 1\n---\nb: !vault x', 'line 3, column 4'],
  ])('tells %s, and throws nothing', (_, text, words) => {
    const { values, defects } = parseYamlDocuments(text);
    expect([values, defects]).toEqual([[], [expect.stringContaining(words)]]);
  });
});
