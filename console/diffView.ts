import type { LineEdit } from '../core/lineDiff.js';
import { hunksOf } from './diff.js';
import { h, type VNode } from './dom.js';

const SIGN = { same: ' ', added: '+', removed: '−' } as const;

/** What differs, with some lines around it. */
export function diffView(diff: readonly LineEdit[], label: string): VNode {
  return h(
    'div',
    { class: 'diff', role: 'group', tabindex: 0, 'aria-label': label, key: label },
    hunksOf(diff).flatMap(({ skipped, lines }) => [
      skipped > 0 && h('div', { class: 'gap' }, `⋯ ${String(skipped)} lines the same`),
      ...lines.map(({ kind, text }) =>
        h('div', { class: kind }, h('span', { class: 'mark' }, SIGN[kind]), h('code', null, text)),
      ),
    ]),
  );
}
