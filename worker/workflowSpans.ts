import type { InjectedSinks } from '@temporalio/worker';

import type { Tracing } from '../tracing/tracing.js';
import type { TraceSinks } from '../workflows/tracing.js';

/** Sends spans that workflows tell of. */
export function workflowSpans(tracing: Tracing): InjectedSinks<TraceSinks> {
  const fn = (_info: unknown, span: Parameters<TraceSinks['traces']['ended']>[0]): void => {
    tracing.record(span);
  };
  return { traces: { ended: { fn, callDuringReplay: false } } };
}
