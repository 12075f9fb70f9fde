import { expect, test } from 'vitest';

import type { StepLogChunk } from '../../core/records.js';
import { logText } from './logText.js';

const chunk = (subject: string | undefined, line: string): StepLogChunk => ({
  ...{ clusterId: 'c', tasksetId: 't', operation: 'NodeRemoval', node: 'm1', step: 'drain' },
  ...{ attempt: 1, offset: 9, lines: [line], at: '2026-01-01T00:00:00.000Z' },
  ...(subject === undefined ? {} : { subject }),
});

test('one run is its lines alone', () => {
  expect(logText([chunk('m4', 'a'), chunk('m4', 'b')])).toBe('a\nb\n');
});

test('of several, each is named, with the node that it was done for', () => {
  expect(logText([chunk('m4', 'a'), chunk('m5', 'b')])).toBe(
    [
      ...['==> NodeRemoval: node m1, step drain for m4, attempt 1', 'a'],
      ...['==> NodeRemoval: node m1, step drain for m5, attempt 1', 'b', ''],
    ].join('\n'),
  );
});
