import type { ConsolePage, ConsoleSpec } from '../core/consoleModel.js';
import { createDiff } from './diff.js';
import { diffView } from './diffView.js';
import { h, type Child, type VNode } from './dom.js';
import { icon } from './icons.js';
import { specEditor } from './specEditor.js';
import { changed, mayChange, type ClusterState } from './state.js';

const diffOf = createDiff();

/** What is desired, how it differs from what is applied, and a place to change it. */
export function specView(state: ClusterState, { cluster }: ConsolePage): VNode {
  const { spec, specError, edit } = state;
  return h(
    'section',
    { class: 'card spec', key: 'spec', 'aria-labelledby': 'spec-title' },
    h(
      'header',
      { class: 'spec-head' },
      h('h2', { id: 'spec-title' }, edit === undefined ? 'Spec' : 'Change the spec'),
      spec !== undefined &&
        edit === undefined &&
        mayChange(state) &&
        !cluster.deleting &&
        h(
          'button',
          { type: 'button', class: 'button', on: { click: () => beginEdit(state, spec) } },
          icon('edit'),
          'Edit',
        ),
    ),
    specError !== undefined && h('p', { class: 'problem', role: 'alert' }, specError),
    edit === undefined
      ? spec === undefined
        ? specError === undefined && h('p', { class: 'muted' }, 'Loading …')
        : shown(spec)
      : specEditor(state, edit),
  );
}

function shown({ desired, applied }: ConsoleSpec): Child {
  const differs = applied !== undefined && applied !== desired;
  return [
    applied === undefined
      ? h('p', { class: 'muted' }, 'Nothing of it is applied yet.')
      : differs
        ? h('p', null, 'What is desired differs from what was applied last: ')
        : h('p', { class: 'muted' }, 'What is desired is applied.'),
    differs && diffView(diffOf(applied, desired), 'From what is applied to what is desired'),
    h(
      'details',
      { class: 'whole', open: !differs, key: 'whole' },
      h('summary', null, 'The whole spec'),
      h(
        'pre',
        { class: 'output yaml', tabindex: 0, role: 'group', 'aria-label': 'The spec as YAML' },
        desired,
      ),
    ),
  ];
}

function beginEdit(state: ClusterState, spec: ConsoleSpec): void {
  state.edit = { begun: spec.desired, text: spec.desired, from: spec, busy: false };
  changed();
}
