import { describe, expect, it } from 'vitest';

import { readObjects, writeObjects } from './kubernetesYaml.js';

const WORDS = ['Off', 'on', 'yes', 'No', 'y', '0644', '1_000', '12:30', '0b11', 'null', '1e3'];

describe('YAML for the programs of Kubernetes', () => {
  it.each(WORDS)('keeps the text %s a text', (word) => {
    // By the rules of 1.1, none of them is one without quotes.
    expect(writeObjects([{ word }])).toBe(`word: "${word}"\n`);
    expect(readObjects(writeObjects([{ word }]))).toEqual([{ word }]);
  });

  it('takes the same words without quotes for what kubectl takes them for', () => {
    expect(readObjects('a: Off\nb: yes\nc: 0644\n---\n---\nd: 1\n')).toEqual([
      { a: false, b: true, c: 420 },
      { d: 1 },
    ]);
  });

  it('keeps texts of several lines readable, and repeats what is there twice', () => {
    const labels = { app: 'web' };
    expect(writeObjects([{ text: 'a: 1\nb: 2\n' }, { labels, again: labels }])).toBe(
      'text: |\n  a: 1\n  b: 2\n---\nlabels:\n  app: web\nagain:\n  app: web\n',
    );
  });
});
