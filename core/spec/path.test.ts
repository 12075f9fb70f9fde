import { expect, test } from 'vitest';
import { formatPath } from './path.js';

test.each([
  [[], ''],
  [['spec'], 'spec'],
  [['spec', 'config', 'nodes', 1, 'hostname'], 'spec.config.nodes[1].hostname'],
  [['labels', 'example.com/zone'], 'labels["example.com/zone"]'],
  [['labels', ''], 'labels[""]'],
  [['extraArgs', 'audit-log-maxage'], 'extraArgs.audit-log-maxage'],
  [['a', 'say "x"'], 'a["say \\"x\\""]'],
])('%j is written %s', (parts, path) => {
  expect(formatPath(parts)).toBe(path);
});
