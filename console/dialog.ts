import { h, type Child, type VNode } from './dom.js';
import { messageOf } from './http.js';
import { app, changed } from './state.js';

interface DialogOptions {
  title: string;
  body: () => Child;
  /** Of the button that does it; absent: there is only one that closes. */
  action?: string;
  danger?: boolean;
  /** Whether the button may be pressed. */
  ready?: () => boolean;
  /** What the button does; the dialog closes when it is done, and says what went wrong otherwise. */
  run?: () => Promise<void>;
}

/** Opens a modal dialog: the browser keeps the focus in it, closes it on Escape and gives the focus back. */
export function openDialog(options: DialogOptions): void {
  let busy = false;
  let error: string | undefined;
  const run = async (): Promise<void> => {
    if (busy || options.ready?.() === false) return;
    busy = true;
    error = undefined;
    changed();
    try {
      await options.run?.();
      closeDialog();
    } catch (thrown) {
      error = messageOf(thrown);
    }
    busy = false;
    changed();
  };
  const { title, danger = false, action } = options;
  app.dialog = (): VNode =>
    h(
      'dialog',
      {
        key: title,
        'aria-labelledby': 'dialog-title',
        ref: (element) => queueMicrotask(() => (element as HTMLDialogElement).showModal()),
        on: { close: closeDialog },
      },
      h(
        'form',
        {
          method: 'dialog',
          on: {
            submit: (event: Event) => {
              event.preventDefault();
              if (action === undefined) closeDialog();
              else void run();
            },
          },
        },
        h('h2', { id: 'dialog-title' }, title),
        h('div', { class: 'dialog-body' }, options.body()),
        error !== undefined && h('p', { class: 'problem', role: 'alert' }, error),
        h(
          'div',
          { class: 'dialog-actions' },
          h(
            'button',
            { type: 'button', class: 'button', on: { click: closeDialog } },
            action === undefined ? 'Close' : 'Never mind',
          ),
          action !== undefined &&
            h(
              'button',
              {
                type: 'submit',
                class: `button ${danger ? 'danger' : 'primary'}`,
                disabled: busy || options.ready?.() === false,
              },
              action,
            ),
        ),
      ),
    );
  changed();
}

export function closeDialog(): void {
  if (app.dialog === undefined) return;
  // Closed by the browser first, so that the focus goes back to where it was.
  document.querySelector('dialog')?.close();
  delete app.dialog;
  changed();
}
