import type { ConsolePage, ConsoleTasksetSummary } from '../core/consoleModel.js';
import { h, type Child, type VNode } from './dom.js';
import { age, duration, moment, words } from './format.js';
import { loadHistory } from './loadHistory.js';
import { clusterPath, withQuery } from './router.js';
import { now, type ClusterState } from './state.js';
import { pill, TASKSET } from './words.js';

/** Tasksets, newest first; each is a link that shows it above. Those of long ago come when they are asked for. */
export function historyView(state: ClusterState, page: ConsolePage, query: URLSearchParams): Child {
  const newest = page.tasksets;
  const older = (state.history ?? []).filter(({ id }) => !newest.some((one) => one.id === id));
  const all = [...newest, ...older];
  if (all.length === 0) return null;
  const shown = state.taskset?.id ?? page.taskset?.id;
  return h(
    'section',
    { class: 'card history', 'aria-labelledby': 'history-title' },
    h('h2', { id: 'history-title' }, 'History'),
    h(
      'ol',
      null,
      all.map((one) =>
        entry(state, query, { one, isShown: one.id === shown, isNewest: one.id === newest[0]?.id }),
      ),
    ),
    state.historyError !== undefined &&
      h('p', { class: 'problem', role: 'alert' }, state.historyError),
    (all.at(-1)?.sequence ?? 1) > 1 &&
      (state.history !== undefined || state.historyError !== undefined) &&
      state.historyEnds !== true &&
      h(
        'button',
        {
          type: 'button',
          class: 'button quiet',
          disabled: state.historyBusy === true,
          on: { click: () => void loadHistory(state) },
        },
        'Older',
      ),
  );
}

function entry(
  state: ClusterState,
  query: URLSearchParams,
  of: { one: ConsoleTasksetSummary; isShown: boolean; isNewest: boolean },
): VNode {
  const { one, isShown, isNewest } = of;
  const names = one.operations.map(({ name }) => words(name)).join(', ');
  const took =
    one.endedAt === undefined ? undefined : Date.parse(one.endedAt) - Date.parse(one.createdAt);
  return h(
    'li',
    { key: one.id },
    h(
      'a',
      {
        href: clusterPath(state, withQuery(query, { taskset: isNewest ? undefined : one.id })),
        'aria-current': isShown ? 'true' : undefined,
      },
      h('span', { class: 'num muted' }, `#${String(one.sequence)}`),
      h('span', { class: 'what' }, names === '' ? 'Nothing to do' : names),
      pill(TASKSET[one.status]),
      h(
        'time',
        { class: 'muted', datetime: one.createdAt, title: moment(one.createdAt) },
        age(one.createdAt, now()),
      ),
      h('span', { class: 'num muted took' }, took === undefined ? '' : duration(took)),
    ),
  );
}
