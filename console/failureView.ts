import type { StepFailure } from '../core/errors.js';
import { h, type VNode } from './dom.js';

/** What a person needs to act: the cause, the command, its last words, and what to do. */
export function failureView(failure: StepFailure & { message: string }, id?: string): VNode {
  const { message, command, exitCode, lastLines = [], hint } = failure;
  return h(
    'div',
    { class: 'failure', id },
    h('p', { class: 'cause' }, message),
    command !== undefined &&
      h(
        'p',
        { class: 'command' },
        h('code', null, `$ ${command}`),
        exitCode !== undefined && h('span', { class: 'muted' }, `exit code ${String(exitCode)}`),
      ),
    lastLines.length > 0 &&
      h(
        'pre',
        { class: 'output', tabindex: 0, role: 'group', 'aria-label': 'Last lines of its output' },
        lastLines.join('\n'),
      ),
    hint !== undefined &&
      h('p', { class: 'hint' }, h('b', null, 'What to do'), h('span', null, hint)),
  );
}
