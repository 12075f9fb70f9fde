import type { ConsoleCondition } from '../core/consoleModel.js';
import { h, type VNode } from './dom.js';
import { age, moment } from './format.js';
import { now } from './state.js';
import { CONDITION, CONDITION_STATUS, sign } from './words.js';

/** In the order in which a cluster reaches them. */
export function conditionsView(conditions: readonly ConsoleCondition[]): VNode {
  return h(
    'ol',
    { class: 'conditions card', 'aria-label': 'Conditions' },
    conditions.map(({ type, status, reason, at }) => {
      const look = CONDITION_STATUS[status];
      return h(
        'li',
        { key: type, class: look.tone, title: `${type}: ${status}` },
        h('span', { class: 'line' }, sign(look), h('b', null, CONDITION[type])),
        h('span', { class: 'reason', title: reason }, reason),
        at !== undefined &&
          status !== 'Unknown' &&
          h('time', { class: 'muted', datetime: at, title: moment(at) }, age(at, now())),
      );
    }),
  );
}
