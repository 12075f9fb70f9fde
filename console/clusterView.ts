import type { ConsoleCluster, ConsolePage } from '../core/consoleModel.js';
import { actions } from './clusterActions.js';
import { conditionsView } from './conditionsView.js';
import { h, type Child, type VNode } from './dom.js';
import { age, moment } from './format.js';
import { awayView } from './giveUp.js';
import { healthView } from './healthView.js';
import { historyView } from './historyView.js';
import { nodesView } from './nodesView.js';
import { clusterPath, go, withQuery } from './router.js';
import { specView } from './specView.js';
import { app, now, sharedBy, type ClusterState } from './state.js';
import { timelineView } from './timelineView.js';
import { DELETED, pill, STATE } from './words.js';

const TABS = [
  ['timeline', 'Timeline'],
  ['nodes', 'Nodes'],
  ['spec', 'Spec'],
] as const;
export type Tab = (typeof TABS)[number][0];

export function tabOf(query: URLSearchParams): Tab {
  const asked = query.get('tab');
  return TABS.find(([tab]) => tab === asked)?.[0] ?? 'timeline';
}

export function clusterView(state: ClusterState, query: URLSearchParams): VNode {
  const { page, refused, gone } = state;
  return h(
    'main',
    {
      class: 'page',
      key: `cluster ${state.project}/${state.name}`,
      id: 'content',
      tabindex: -1,
    },
    gone && banner('The cluster was deleted: its machines are as they were found.'),
    refused !== undefined && refusedView(state),
    page === undefined
      ? refused === undefined && !gone && h('div', { class: 'card loading' }, 'Loading …')
      : body(state, page, query),
  );
}

function banner(text: string, tone: 'info' | 'bad' | 'warn' = 'info'): VNode {
  return h('p', { class: `banner ${tone}`, role: 'status' }, text);
}

function refusedView({ refused, name }: ClusterState): VNode {
  return h(
    'div',
    { class: 'card empty' },
    h('h1', null, refused?.status === 404 ? `There is no cluster ${name}` : 'Not shown'),
    h('p', { class: 'muted' }, refused?.message),
    h('a', { class: 'button', href: '/' }, 'All clusters'),
  );
}

function body(state: ClusterState, page: ConsolePage, query: URLSearchParams): Child {
  const { cluster, nodes } = page;
  const tab = tabOf(query);
  const owner = sharedBy(state);
  return [
    !state.live &&
      !state.gone &&
      banner('The connection to the server is lost: trying again …', 'warn'),
    owner !== undefined && shared(state, owner),
    head(state, page),
    awayView(state, cluster),
    conditionsView(cluster.conditions),
    healthView(state),
    tabs(state, tab, { nodes: nodes.length, ahead: cluster.ahead && !cluster.deleting }),
    h(
      'div',
      {
        class: 'panel',
        role: 'tabpanel',
        id: `panel-${tab}`,
        'aria-labelledby': `tab-${tab}`,
        key: tab,
      },
      tab === 'timeline' && [timelineView(state, page), historyView(state, page, query)],
      tab === 'nodes' && nodesView(state, nodes),
      tab === 'spec' && specView(state, page),
    ),
  ];
}

/** Whoever may enter the project that it is of changes it there. */
function shared({ name }: ClusterState, owner: string): VNode {
  const own = app.session?.user?.project;
  return h(
    'p',
    { class: 'banner info', role: 'status' },
    `Shared by the project ${owner}: here it can be read only. `,
    own === undefined && h('a', { href: clusterPath({ project: owner, name }) }, 'Open it there'),
  );
}

function head(state: ClusterState, { cluster, nodes }: ConsolePage): VNode {
  const look = state.gone ? DELETED : STATE[cluster.state];
  const deletionFailed = !state.gone && cluster.deleting && cluster.state === 'failed';
  const there = state.gone ? [] : nodes;
  return h(
    'header',
    { class: 'cluster-head' },
    h(
      'div',
      { class: 'title-row' },
      h(
        'div',
        { class: 'title' },
        h('h1', null, cluster.displayName ?? cluster.name),
        pill(look, deletionFailed ? 'Deletion failed' : undefined),
        h('span', { class: 'sr', role: 'status' }, `${cluster.name}: ${look.word}`),
      ),
      actions(state, cluster),
    ),
    cluster.description !== undefined && h('p', { class: 'muted' }, cluster.description),
    facts(
      cluster,
      there.filter(({ status, leaving }) => status === 'READY' && !leaving).length,
      there.length,
    ),
  );
}

function facts(cluster: ConsoleCluster, ready: number, total: number): VNode {
  const { version, appliedVersion } = cluster;
  const isMoving = appliedVersion !== undefined && appliedVersion !== version;
  const all: [string, Child][] = [
    ['Kubernetes', isMoving ? `${appliedVersion} → ${version}` : version],
    ['Blueprint', cluster.blueprint],
    ['Nodes', `${String(ready)} of ${String(total)} ready`],
    ['Project', cluster.project],
    [
      'Created',
      h(
        'time',
        { datetime: cluster.createdAt, title: moment(cluster.createdAt) },
        age(cluster.createdAt, now()),
      ),
    ],
    ['Id', h('code', null, cluster.id)],
  ];
  const labels = Object.entries(cluster.labels);
  return h(
    'dl',
    { class: 'facts' },
    all.map(([term, value]) => h('div', { key: term }, h('dt', null, term), h('dd', null, value))),
    labels.length > 0 &&
      h(
        'div',
        { key: 'labels' },
        h('dt', null, 'Labels'),
        h(
          'dd',
          { class: 'labels' },
          labels.map(([key, value]) => h('code', { class: 'label', key }, `${key}=${value}`)),
        ),
      ),
  );
}

function tabs(state: ClusterState, current: Tab, of: { nodes: number; ahead: boolean }): VNode {
  const { route } = app;
  const open = (tab: Tab): void => {
    const query = withQuery(route.query, { tab: tab === 'timeline' ? undefined : tab });
    go(clusterPath(state, query), { replace: true });
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = TABS.findIndex(([tab]) => tab === current);
    const next = TABS[(at + step + TABS.length) % TABS.length]?.[0] ?? 'timeline';
    open(next);
    setTimeout(() => document.getElementById(`tab-${next}`)?.focus());
  };
  return h(
    'div',
    { class: 'tabs', role: 'tablist', 'aria-label': 'What to show of the cluster' },
    TABS.map(([tab, text]) =>
      h(
        'button',
        {
          key: tab,
          type: 'button',
          role: 'tab',
          id: `tab-${tab}`,
          'aria-selected': tab === current ? 'true' : 'false',
          'aria-controls': tab === current ? `panel-${tab}` : undefined,
          tabindex: tab === current ? 0 : -1,
          on: { click: () => open(tab), keydown: onKey },
        },
        text,
        tab === 'nodes' && h('span', { class: 'count' }, String(of.nodes)),
        tab === 'spec' &&
          of.ahead &&
          h('span', { class: 'dot', title: 'Not all of it is applied' }),
      ),
    ),
  );
}
