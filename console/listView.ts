import type { ConsoleList, ConsoleRow } from '../core/consoleModel.js';
import { copyable } from './copy.js';
import { h, type Child, type VNode } from './dom.js';
import { age, count, moment, words } from './format.js';
import { icon } from './icons.js';
import { clusterPath, go, listPath, withQuery } from './router.js';
import { app, now } from './state.js';
import { OPERATION, pill, sign, STATE } from './words.js';

const STATES = [
  ['', 'All'],
  ['ready', 'Ready'],
  ['working', 'Working'],
  ['failed', 'Failed'],
  ['deleting', 'Deleting'],
] as const;

const FILTERS = ['name', 'project', 'state', 'label'];
const TYPING_MS = 250;

export function listView(query: URLSearchParams): VNode {
  const { list, listError } = app;
  const filtered = FILTERS.some((name) => query.has(name));
  return h(
    'main',
    { class: 'page', key: 'list', id: 'content', tabindex: -1 },
    h(
      'div',
      { class: 'page-head' },
      h('h1', null, 'Clusters'),
      list?.count !== undefined && h('span', { class: 'count' }, String(list.count)),
    ),
    filters(query, list),
    listError !== undefined && h('p', { class: 'banner bad', role: 'alert' }, listError),
    list === undefined
      ? listError === undefined && h('div', { class: 'card loading' }, 'Loading …')
      : list.items.length > 0
        ? [table(list.items), pages(query, list)]
        : filtered || query.has('continue')
          ? nothingFound()
          : emptyState(list),
  );
}

function filters(query: URLSearchParams, list: ConsoleList | undefined): VNode {
  const set = (name: string, value: string): void =>
    go(listPath(withQuery(query, { [name]: value, continue: undefined })), { replace: true });
  const projects = list?.projects ?? [];
  const state = query.get('state') ?? '';
  return h(
    'form',
    { class: 'filters', role: 'search', on: { submit: (event: Event) => event.preventDefault() } },
    h(
      'div',
      { class: 'field with-icon' },
      icon('search'),
      h('input', {
        type: 'search',
        id: 'filter-name',
        'aria-label': 'Filter by the beginning of the name',
        placeholder: 'Name begins with …',
        value: (query.get('name') ?? '').replace(/\*$/, ''),
        on: {
          input: debounced((event: Event) => {
            const text = (event.target as HTMLInputElement).value.trim().replaceAll('*', '');
            setNow('name', text === '' ? '' : `${text}*`);
          }),
        },
      }),
    ),
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Filter by status' },
      STATES.map(([value, text]) =>
        h(
          'button',
          {
            key: value,
            type: 'button',
            'aria-pressed': state === value ? 'true' : 'false',
            on: { click: () => set('state', value) },
          },
          text,
        ),
      ),
    ),
    projects.length > 1 &&
      h(
        'select',
        {
          class: 'field',
          'aria-label': 'Filter by project',
          value: query.get('project') ?? '',
          on: {
            change: (event: Event) => set('project', (event.target as HTMLSelectElement).value),
          },
        },
        h('option', { value: '' }, 'All projects'),
        projects.map((name) => h('option', { value: name, key: name }, name)),
      ),
    h('input', {
      class: 'field',
      type: 'search',
      'aria-label': 'Filter by label',
      placeholder: 'Label: env=prod',
      value: query.get('label') ?? '',
      on: {
        change: (event: Event) => set('label', (event.target as HTMLInputElement).value.trim()),
      },
    }),
  );
}

/** By the address as it is then: what was typed meanwhile elsewhere stands. */
function setNow(name: string, value: string): void {
  if (app.route.page !== 'list') return;
  go(listPath(withQuery(app.route.query, { [name]: value, continue: undefined })), {
    replace: true,
  });
}

let typing: ReturnType<typeof setTimeout> | undefined;
function debounced(handler: (event: Event) => void): (event: Event) => void {
  return (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => handler(event), TYPING_MS);
  };
}

function table(rows: readonly ConsoleRow[]): VNode {
  const heads = ['Cluster', 'Status', 'Version', 'Blueprint', 'Nodes', 'Last operation'];
  return h(
    'div',
    { class: 'card table-card', key: 'table' },
    h(
      'table',
      { class: 'clusters' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          heads.map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h('tbody', null, rows.map(row)),
    ),
  );
}

function row(of: ConsoleRow): VNode {
  const { ready, total } = of.nodes;
  return h(
    'tr',
    { key: of.id },
    h(
      'th',
      { scope: 'row', class: 'name' },
      h('a', { href: clusterPath(of), class: 'row-link' }, of.name),
      h(
        'span',
        { class: 'sub' },
        of.sharedBy === undefined ? of.project : `shared by ${of.sharedBy}`,
      ),
    ),
    h(
      'td',
      { class: 'status' },
      pill(STATE[of.state]),
      of.reason !== undefined &&
        (of.state === 'failed' || of.state === 'degraded') &&
        h('span', { class: 'sub clip', title: of.reason }, of.reason),
    ),
    h(
      'td',
      { 'data-label': 'Version' },
      of.version,
      of.appliedVersion !== undefined && h('span', { class: 'sub' }, `runs ${of.appliedVersion}`),
    ),
    h('td', { 'data-label': 'Blueprint' }, of.blueprint),
    h(
      'td',
      { 'data-label': 'Nodes', class: 'nodes' },
      h(
        'span',
        { class: 'num' },
        `${String(ready)}/${String(total)}`,
        h('span', { class: 'sr' }, ' ready'),
      ),
      h('span', {
        class: `meter of-20-${String(twentieths(ready, total))}`,
        'aria-hidden': 'true',
      }),
    ),
    h('td', { class: 'operation', 'data-label': 'Last operation' }, lastOperation(of.operation)),
  );
}

/** A class has the width: a style would come with the script only. None and all of them are never rounded to. */
function twentieths(ready: number, total: number): number {
  if (ready === 0 || ready >= total) return ready === 0 ? 0 : 20;
  return Math.min(19, Math.max(1, Math.round((ready / total) * 20)));
}

function lastOperation(operation: ConsoleRow['operation']): Child {
  if (operation === undefined) return h('span', { class: 'muted' }, 'none yet');
  const { name, status, at, step } = operation;
  return [
    h(
      'span',
      { class: 'line' },
      sign(OPERATION[status]),
      h('span', null, words(name)),
      h('time', { class: 'muted', datetime: at, title: moment(at) }, age(at, now())),
    ),
    step !== undefined &&
      h(
        'span',
        { class: 'sub clip', title: step.title },
        `step ${String(step.number)} of ${String(step.total)}: ${step.title}`,
      ),
  ];
}

function pages(query: URLSearchParams, list: ConsoleList): Child {
  const paged = query.has('continue');
  if (!paged && list.continue === undefined) return null;
  return h(
    'nav',
    { class: 'pages', 'aria-label': 'Pages' },
    paged
      ? h(
          'a',
          { class: 'button', href: listPath(withQuery(query, { continue: undefined })) },
          'First page',
        )
      : h('span'),
    list.continue !== undefined &&
      h(
        'a',
        { class: 'button', href: listPath(withQuery(query, { continue: list.continue })) },
        'Next page',
      ),
  );
}

function nothingFound(): VNode {
  return h(
    'div',
    { class: 'card empty', key: 'nothing' },
    h('h2', null, 'No cluster like that'),
    h('p', { class: 'muted' }, 'Nothing here has all of what you filter by.'),
    h('a', { class: 'button', href: '/' }, 'Clear the filters'),
  );
}

/** What to do first, exactly: the commands name this server. */
function emptyState({ projects }: ConsoleList): VNode {
  const project = projects[0] ?? 'defaultproject';
  const curl = [
    `curl -H "X-API-KEY: $(cat .plinth/admin-api-key)" -H 'content-type: application/yaml' \\`,
    `  --data-binary @examples/minimal.yaml \\`,
    `  ${location.origin}/apis/infra.k8smgmt.io/v3/projects/${project}/clusters`,
  ].join('\n');
  return h(
    'div',
    { class: 'card empty', key: 'empty' },
    h('h2', null, 'No clusters yet'),
    h(
      'p',
      { class: 'muted' },
      'Write down your machines as ',
      h('code', null, 'examples/minimal.yaml'),
      ' does, and apply it: ',
    ),
    copyable(
      `node bin/plinth.js --server ${location.origin} apply -f examples/minimal.yaml`,
      'with the command line',
    ),
    h('p', { class: 'muted' }, 'or'),
    copyable(curl, 'with curl'),
    h(
      'p',
      { class: 'muted small-print' },
      `It shows up here at once. ${count(projects.length, 'project')}: ${projects.slice(0, 5).join(', ')}.`,
    ),
  );
}
