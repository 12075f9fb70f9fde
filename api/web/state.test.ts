import { expect, test } from 'vitest';

import { ClusterState } from '../../core/clusterState.js';
import { TasksetStatus } from '../../core/words.js';
import { consoleWord } from './state.js';

const { InProgress, Pending, Complete } = TasksetStatus;

test.each([
  [ClusterState.Working, InProgress, 'working'],
  [ClusterState.Working, Pending, 'waiting'],
  [ClusterState.Working, Complete, 'waiting'],
  [ClusterState.Working, undefined, 'waiting'],
  [ClusterState.Ready, Complete, 'ready'],
  [ClusterState.Degraded, Complete, 'degraded'],
  [ClusterState.Failed, InProgress, 'failed'],
  [ClusterState.Deleting, Pending, 'deleting'],
])(
  'a cluster that is %s, with its newest taskset %s, is %s at the console',
  (state, status, word) => {
    expect(consoleWord(state, status === undefined ? undefined : { status })).toBe(word);
  },
);
