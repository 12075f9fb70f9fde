import fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatTraceparent, parseTraceparent } from './traceContext.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

const hex = (digits: number) =>
  fc
    .stringMatching(new RegExp(`^[0-9a-f]{${String(digits)}}$`))
    .filter((text) => !/^0+$/.test(text));

test('what is written is read', () => {
  const contexts = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() });
  fc.assert(
    fc.property(contexts, (context) => {
      expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
    }),
  );
});

test.each([
  ['another flag beside sampled', `00-${TRACE}-${SPAN}-03`, true],
  ['not sampled', `00-${TRACE}-${SPAN}-02`, false],
  ['a later version, which may say more', `01-${TRACE}-${SPAN}-01-what-comes`, true],
])('%s is understood', (_, text, sampled) => {
  expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
});

test.each([
  undefined,
  '',
  7,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  ` 00-${TRACE}-${SPAN}-01`,
])('%j is none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
