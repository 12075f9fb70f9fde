import { h, type VNode } from './dom.js';
import { count, words } from './format.js';

/*
 * The answer of a dry run is a taskset that was not begun (api/schemas/tasksetPlan.ts). Only what is sure to be there is
 * relied on: a plan of a newer API is shown as far as it is understood.
 */

/** What an apply would do, in order, with why; and what would be refused. */
export function planView(answer: unknown): VNode {
  const operations = mapsOf(answer, 'operations');
  const refusals = mapsOf(answer, 'refusals');
  return h(
    'div',
    { class: 'plan', key: 'plan', role: 'status' },
    h('h3', null, 'What applying it would do'),
    h('p', { class: 'muted' }, text(answer, 'comments')),
    refusals.length > 0 &&
      h(
        'ul',
        { class: 'problem' },
        refusals.map((refusal) =>
          h('li', null, h('code', null, text(refusal, 'path')), ` ${text(refusal, 'message')}`),
        ),
      ),
    operations.length > 0 && h('ol', null, operations.map(operationView)),
  );
}

function operationView(operation: unknown): VNode {
  const reason = text(operation, 'reason');
  const refused = text(operation, 'errorSummary');
  const nodes = mapsOf(operation, 'nodes');
  const through = listOf(operation, 'clusterSteps');
  return h(
    'li',
    null,
    h('b', null, words(text(operation, 'name'))),
    reason !== '' && h('span', { class: 'muted' }, `: ${reason}`),
    refused !== '' && h('p', { class: 'problem' }, refused),
    nodes.length > 0 && h('ul', null, nodes.map(nodeView)),
    through.length > 0 &&
      h('p', { class: 'muted' }, `then, through a control plane: ${count(through.length, 'step')}`),
  );
}

function nodeView(node: unknown): VNode {
  const reason = text(node, 'reason');
  const titles = mapsOf(node, 'steps').map((step) => text(step, 'title'));
  return h(
    'li',
    null,
    h('b', null, text(node, 'hostname')),
    reason !== '' && ` ${reason}`,
    titles.length > 0 && h('span', { class: 'sub' }, titles.join(' → ')),
  );
}

function listOf(value: unknown, name: string): unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}

function mapsOf(value: unknown, name: string): unknown[] {
  return listOf(value, name).filter(isMap);
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(value: unknown, name: string): unknown {
  return isMap(value) ? value[name] : undefined;
}
