import { expect, it } from 'vitest';

import { OperationName } from '../core/words.js';
import { clusterRecord } from '../test/api/records.js';
import type { ActivityDeps } from './deps.js';
import { endOperation, endTaskset } from './operations.js';
import type { Work } from './refs.js';

/** A store that says which of its parts was asked for what, and answers with what `answers` has. */
function store(answers: Record<string, unknown> = {}): { calls: string[]; deps: ActivityDeps } {
  const calls: string[] = [];
  const part = (name: string): unknown =>
    new Proxy(
      {},
      {
        get: (_, method) => () => {
          const call = `${name}.${String(method)}`;
          calls.push(call);
          return Promise.resolve(answers[call]);
        },
      },
    );
  const parts = new Proxy({}, { get: (_, name) => part(String(name)) });
  return { calls, deps: { store: parts } as ActivityDeps };
}

const record = clusterRecord();
const of = { project: 'p', name: 'demo', clusterId: record.id, generation: 1, tasksetId: 't' };
const well = { index: 0, failed: false, errorSummary: '' };

it.each([OperationName.NodeAddition, OperationName.NodeRemoval, OperationName.NodeUpdate])(
  'the end of a %s keeps its steps and is one write: it makes nothing true of the cluster as a whole',
  async (operation) => {
    const { calls, deps } = store({ 'nodes.steps': [] });
    await endOperation(deps, { ...of, operation, operationIndex: 0 }, well);
    expect(calls).toEqual(['nodes.steps', 'stepHistory.keep', 'tasksets.setOperation']);
  },
);

it.each([
  ['of a taskset nobody asked for leaves their queue alone', [], 0],
  ['settles what was asked for', [{ id: 's1', kind: 'snapshot', tasksetId: 't' }], 1],
])('the end %s', async (_, asked, times) => {
  const { calls, deps } = store({
    'clusters.head': { ...record, asked },
    'clusters.getById': record,
    'tasksets.spec': record.desired.spec,
    'tasksets.get': { sequence: 1 },
    'webhooks.listening': [],
  });
  const work: Work = {
    ...{ ...of, retries: 0, deleting: false, finished: [] },
    operations: [{ name: 'NodeRemoval', reason: '', nodes: [], leave: [], clusterSteps: [] }],
  };
  await endTaskset(deps, of, work, [well]);
  expect(calls.filter((call) => call === 'clusters.endAsked')).toHaveLength(times);
  // People may act on what the status says: the taskset has ended by then.
  expect(calls.indexOf('tasksets.end')).toBeLessThan(calls.indexOf('clusters.setCommonStatus'));
});
