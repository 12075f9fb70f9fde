import { h, type Child, type VNode } from './dom.js';
import { count, words } from './format.js';

/*
 * The answer of a dry run is a taskset that was not begun. Only what is sure to be there is relied on: a plan of a newer
 * API is shown as far as it is understood.
 */

interface PlannedOperation {
  name?: unknown;
  reason?: unknown;
  nodes?: unknown;
  clusterSteps?: unknown;
}

/** What an apply would do, in order, with why. */
export function planView(answer: unknown): VNode {
  const operations = operationsOf(answer);
  return h(
    'div',
    { class: 'plan', key: 'plan', role: 'status' },
    h('h3', null, 'What applying it would do'),
    operations === undefined
      ? h('pre', { class: 'output', tabindex: 0 }, JSON.stringify(answer, null, 2))
      : operations.length === 0
        ? h('p', { class: 'muted' }, 'Nothing: it is all as it should be.')
        : h('ol', null, operations.map(operationView)),
  );
}

function operationsOf(answer: unknown): PlannedOperation[] | undefined {
  const holder = member(answer, 'operations') ?? member(member(answer, 'taskset'), 'operations');
  return Array.isArray(holder) ? holder.filter(isMap) : undefined;
}

function operationView({ name, reason, nodes, clusterSteps }: PlannedOperation): VNode {
  const machines = Array.isArray(nodes) ? nodes : [];
  const through = Array.isArray(clusterSteps) ? clusterSteps : [];
  return h(
    'li',
    null,
    h('b', null, typeof name === 'string' ? words(name) : 'An operation'),
    typeof reason === 'string' && reason !== '' && h('span', { class: 'muted' }, `: ${reason}`),
    machines.length > 0 && h('ul', null, machines.map(machineView)),
    through.length > 0 &&
      h('p', { class: 'muted' }, `then, through a control plane: ${count(through.length, 'step')}`),
  );
}

function machineView(node: unknown): VNode {
  if (typeof node === 'string') return h('li', null, node);
  const hostname = member(node, 'hostname');
  const path = member(node, 'path');
  const steps = member(node, 'steps');
  const titles: Child = Array.isArray(steps)
    ? steps
        .map((step: unknown) => member(step, 'title') ?? step)
        .filter((title) => typeof title === 'string')
        .join(' → ')
    : '';
  return h(
    'li',
    null,
    h('code', null, typeof hostname === 'string' ? hostname : '?'),
    typeof path === 'string' && ` as ${path}`,
    titles !== '' && h('span', { class: 'sub' }, titles),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(value: unknown, name: string): unknown {
  return isMap(value) ? value[name] : undefined;
}
