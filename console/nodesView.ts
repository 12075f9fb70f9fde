import type { ConsoleHostKey, ConsoleNode } from '../core/consoleModel.js';
import { openDialog } from './dialog.js';
import { h, type Child, type VNode } from './dom.js';
import { failureView } from './failureView.js';
import { age, count, gibibytes, moment } from './format.js';
import { ask } from './http.js';
import { icon } from './icons.js';
import { apiPath } from './paths.js';
import { changed, mayChange, notify, now, type ClusterState } from './state.js';
import { NODE, pill } from './words.js';

/** More nodes than this get a field to choose among them. */
const FILTERED = 12;
/** What a browser shows without delay. */
const MOST_ROWS = 200;
const ROLES = { ControlPlane: 'control plane', Worker: 'worker', Storage: 'storage' } as const;

export function nodesView(state: ClusterState, nodes: readonly ConsoleNode[]): VNode {
  const filter = state.nodeFilter.toLowerCase();
  const found = nodes.filter(
    ({ hostname, status, address = '' }) =>
      filter === '' ||
      hostname.toLowerCase().includes(filter) ||
      address.includes(filter) ||
      NODE[status].word.toLowerCase().includes(filter),
  );
  const heads = ['Node', 'State', 'Address', 'System', 'Arch', 'Version', ''];
  return h(
    'section',
    { class: 'nodes-panel', key: 'nodes', 'aria-label': 'Nodes' },
    nodes.length > FILTERED &&
      h(
        'div',
        { class: 'filters' },
        h(
          'div',
          { class: 'field with-icon' },
          icon('search'),
          h('input', {
            type: 'search',
            'aria-label': 'Filter by name, address or state',
            placeholder: 'Name, address or state',
            on: {
              input: (event: Event) => {
                state.nodeFilter = (event.target as HTMLInputElement).value.trim();
                changed();
              },
            },
          }),
        ),
        h('span', { class: 'muted', role: 'status' }, count(found.length, 'node')),
      ),
    h(
      'div',
      { class: 'card table-card' },
      h(
        'table',
        { class: 'node-table' },
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            heads.map((head) =>
              head === ''
                ? h('th', { scope: 'col' }, h('span', { class: 'sr' }, 'What to do'))
                : h('th', { scope: 'col' }, head),
            ),
          ),
        ),
        found.slice(0, MOST_ROWS).map((node) => nodeRows(state, node)),
      ),
    ),
    found.length > MOST_ROWS &&
      h(
        'p',
        { class: 'muted' },
        `The first ${String(MOST_ROWS)} of ${String(found.length)}: filter to see others.`,
      ),
  );
}

function nodeRows(state: ClusterState, node: ConsoleNode): VNode {
  const { hostname, roles, status, leaving, address, operatingSystem, arch, version } = node;
  return h(
    'tbody',
    { key: hostname },
    h(
      'tr',
      null,
      h(
        'th',
        { scope: 'row', class: 'name' },
        h('span', null, hostname),
        h(
          'span',
          { class: 'sub' },
          [...roles.map((role) => ROLES[role]), ...(leaving ? ['leaving'] : [])].join(', '),
        ),
      ),
      h('td', { 'data-label': 'State' }, pill(NODE[status])),
      h('td', { 'data-label': 'Address', class: 'mono' }, address ?? unknown()),
      h('td', { 'data-label': 'System' }, operatingSystem ?? unknown(), capacity(node)),
      h('td', { 'data-label': 'Arch' }, arch ?? unknown()),
      h('td', { 'data-label': 'Version' }, version ?? unknown()),
      h('td', { class: 'do' }, mayChange(state) && todo(state, node)),
    ),
    node.lastError !== undefined &&
      h(
        'tr',
        { class: 'more' },
        h(
          'td',
          { colspan: 7 },
          h('div', { class: 'failed-step' }, `at step ${node.lastError.step}`),
          failureView(node.lastError),
        ),
      ),
    node.hostKeys.map((key) =>
      h(
        'tr',
        { class: 'more', key: key.seen },
        h(
          'td',
          { colspan: 7 },
          h(
            'p',
            { class: 'banner warn' },
            `The SSH host key of ${whose(node, key)} has changed (seen ${age(key.seenAt, now())}): no work is done on it until a person accepts the new one.`,
          ),
        ),
      ),
    ),
  );
}

function unknown(): VNode {
  return h('span', { class: 'muted', title: 'Not known yet' }, '–');
}

function capacity({ cpus, memoryBytes }: ConsoleNode): Child {
  const parts = [
    ...(cpus === undefined ? [] : [count(cpus, 'CPU')]),
    ...(memoryBytes === undefined ? [] : [gibibytes(memoryBytes)]),
  ];
  return parts.length > 0 && h('span', { class: 'sub' }, parts.join(', '));
}

function whose({ hostname }: ConsoleNode, { bastion }: ConsoleHostKey): string {
  return bastion ? `the bastion of ${hostname}` : hostname;
}

function todo(state: ClusterState, node: ConsoleNode): Child {
  return [
    node.registration !== undefined &&
      h(
        'button',
        {
          key: 'approve',
          type: 'button',
          class: 'button small primary',
          'aria-label': `Approve ${node.hostname}`,
          on: { click: () => confirmApprove(state, node) },
        },
        'Approve',
      ),
    node.hostKeys.map((key) =>
      h(
        'button',
        {
          key: key.seen,
          type: 'button',
          class: 'button small',
          'aria-label': `Accept the host key of ${whose(node, key)}`,
          on: { click: () => confirmHostKey(state, node, key) },
        },
        icon('key'),
        'Accept host key',
      ),
    ),
  ];
}

function nodePath(state: ClusterState, { hostname }: ConsoleNode): string {
  return `${apiPath(state)}/nodes/${encodeURIComponent(hostname)}`;
}

function confirmApprove(state: ClusterState, node: ConsoleNode): void {
  const { registration, hostname } = node;
  if (registration === undefined) return;
  const { address, username, operatingSystem, arch, hostKeys, registeredAt } = registration;
  openDialog({
    title: `Let ${hostname} in?`,
    body: () => [
      h(
        'p',
        null,
        'This machine ran the installer command. Compare what it said with the machine’s own console.',
      ),
      h(
        'dl',
        { class: 'pairs' },
        pair('Address', address),
        pair('Login', username),
        pair('System', `${operatingSystem}, ${arch}`),
        pair('Registered', moment(registeredAt)),
        hostKeys.map((key) => pair('Host key', h('code', { class: 'wrap' }, key))),
      ),
    ],
    action: 'Approve',
    run: async () => {
      await ask(`${nodePath(state, node)}/approve`, { method: 'POST' });
      notify('ok', `${hostname} is let in`);
    },
  });
}

function confirmHostKey(state: ClusterState, node: ConsoleNode, key: ConsoleHostKey): void {
  openDialog({
    title: `Trust the new host key of ${whose(node, key)}?`,
    body: () => [
      h(
        'p',
        null,
        'A changed key is a machine that was set up anew, or somebody in between. Compare the fingerprint with the machine’s own console before you accept it.',
      ),
      h(
        'dl',
        { class: 'pairs' },
        pair('Trusted', h('code', { class: 'wrap' }, key.fingerprint)),
        pair('Seen', h('code', { class: 'wrap' }, key.seen)),
        pair('Since', moment(key.seenAt)),
      ),
    ],
    action: 'Accept the new key',
    danger: true,
    run: async () => {
      const json = { fingerprint: key.seen };
      await ask(`${nodePath(state, node)}/accept-host-key`, { method: 'POST', json });
      notify('ok', 'The new key is trusted: retry goes on');
    },
  });
}

function pair(term: string, value: Child): VNode {
  return h('div', null, h('dt', null, term), h('dd', null, value));
}
