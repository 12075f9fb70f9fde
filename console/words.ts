import type { ConsoleMachineStep, ConsoleState } from '../core/consoleModel.js';
import type {
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationStatus,
  TasksetStatus,
} from '../core/words.js';
import { h, type VNode } from './dom.js';
import { icon, type IconName } from './icons.js';

export type Tone = 'ok' | 'bad' | 'warn' | 'run' | 'idle';

/** A state as people see it: a colour, a sign and a word, so that none of them is needed alone. */
export interface Look {
  tone: Tone;
  icon: IconName;
  word: string;
}

const OK = { tone: 'ok', icon: 'check' } as const;
const BAD = { tone: 'bad', icon: 'cross' } as const;
const RUN = { tone: 'run', icon: 'run' } as const;
const IDLE = { tone: 'idle', icon: 'idle' } as const;
const WARN = { tone: 'warn', icon: 'warn' } as const;

export const STATE: Readonly<Record<ConsoleState, Look>> = {
  ready: { ...OK, word: 'Ready' },
  degraded: { ...WARN, word: 'Not ready' },
  waiting: { ...IDLE, word: 'Waiting' },
  working: { ...RUN, word: 'Working' },
  failed: { ...BAD, word: 'Failed' },
  deleting: { ...RUN, word: 'Deleting' },
};

/** Of a page that was left open. */
export const DELETED: Look = { ...IDLE, word: 'Deleted' };

export const NODE: Readonly<Record<NodeStatus, Look>> = {
  PENDING: { ...IDLE, word: 'Pending' },
  DISCOVERED: { ...WARN, word: 'Discovered' },
  APPROVED: { ...IDLE, word: 'Approved' },
  PROVISIONING: { ...RUN, word: 'Provisioning' },
  READY: { ...OK, word: 'Ready' },
  NOT_READY: { ...BAD, word: 'Not ready' },
  FAILED: { ...BAD, word: 'Failed' },
  DELETING: { ...RUN, word: 'Leaving' },
  ORPHANED: { ...WARN, word: 'Orphaned' },
};

export const TASKSET: Readonly<Record<TasksetStatus, Look>> = {
  PROVISION_TASKSET_STATUS_PENDING: { ...IDLE, word: 'Pending' },
  PROVISION_TASKSET_STATUS_INPROGRESS: { ...RUN, word: 'Running' },
  PROVISION_TASKSET_STATUS_COMPLETE: { ...OK, word: 'Done' },
  PROVISION_TASKSET_STATUS_FAILED: { ...BAD, word: 'Failed' },
};

export const OPERATION: Readonly<Record<OperationStatus, Look>> = {
  PROVISION_TASK_STATUS_PENDING: { ...IDLE, word: 'Pending' },
  PROVISION_TASK_STATUS_INPROGRESS: { ...RUN, word: 'Running' },
  PROVISION_TASK_STATUS_SUCCESS: { ...OK, word: 'Done' },
  PROVISION_TASK_STATUS_FAILED: { ...BAD, word: 'Failed' },
};

export const STEP: Readonly<Record<ConsoleMachineStep['state'], Look>> = {
  pending: { ...IDLE, word: 'To come' },
  running: { ...RUN, word: 'Running' },
  done: { ...OK, word: 'Done' },
  skipped: { tone: 'idle', icon: 'skip', word: 'Was done already' },
  failed: { ...BAD, word: 'Failed' },
};

export const CONDITION_STATUS: Readonly<Record<ConditionStatus, Look>> = {
  True: { ...OK, word: 'True' },
  False: { ...BAD, word: 'False' },
  Unknown: { ...IDLE, word: 'Unknown' },
};

export const CONDITION: Readonly<Record<ConditionType, string>> = {
  ClusterRegisterSucceeded: 'Register',
  ClusterApproveSucceeded: 'Approve',
  ClusterCheckInSucceeded: 'Check in',
  ClusterNodeSyncSucceeded: 'Node sync',
  ClusterNamespaceSyncSucceeded: 'Namespace sync',
  ClusterBlueprintSyncSucceeded: 'Blueprint sync',
  ClusterReady: 'Ready',
};

export function pill(look: Look, more?: string): VNode {
  return h('span', { class: `pill ${look.tone}` }, icon(look.icon), more ?? look.word);
}

/** The sign alone, its word for who listens to the page and for the pointer. */
export function sign(look: Look): VNode {
  return h(
    'span',
    { class: `sign ${look.tone}`, role: 'img', 'aria-label': look.word, title: look.word },
    icon(look.icon),
  );
}
