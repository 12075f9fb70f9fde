import { h, type VNode } from './dom.js';
import { icon } from './icons.js';
import { notify } from './state.js';

/** A command or text to take away, with a button that does. */
export function copyable(text: string, label: string): VNode {
  return h(
    'div',
    { class: 'copyable' },
    h('pre', { tabindex: 0, 'aria-label': label, role: 'group' }, text),
    h(
      'button',
      {
        type: 'button',
        class: 'button small',
        'aria-label': `Copy: ${label}`,
        on: { click: () => void copy(text) },
      },
      icon('copy'),
      'Copy',
    ),
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify('ok', 'Copied');
  } catch {
    // Browsers give the clipboard to pages over TLS or of this computer only.
    notify('bad', 'The browser does not let this page copy: select the text instead');
  }
}
