import type { ConsoleSession } from '../core/consoleModel.js';
import { h, type VNode } from './dom.js';
import { askJson, messageOf } from './http.js';
import { logo } from './icons.js';
import { app, changed } from './state.js';

/** The form that opens a session. The key goes to the server once, and stays nowhere on this side. */
export function loginView(loggedIn: () => void): VNode {
  return h(
    'main',
    { class: 'login', key: 'login' },
    h(
      'form',
      {
        class: 'card',
        on: {
          submit: (event: Event) => {
            event.preventDefault();
            void login(event.currentTarget as HTMLFormElement, loggedIn);
          },
        },
      },
      h('div', { class: 'login-brand' }, logo(), h('h1', null, 'plinth')),
      h('label', { for: 'api-key' }, 'API key'),
      h('input', {
        id: 'api-key',
        name: 'apiKey',
        type: 'password',
        required: true,
        autocomplete: 'current-password',
        spellcheck: 'false',
        autofocus: true,
        'aria-describedby': 'login-help',
        'aria-invalid': app.loginError === undefined ? undefined : 'true',
        ref: (element) => queueMicrotask(() => (element as HTMLInputElement).focus()),
      }),
      app.loginError !== undefined && h('p', { class: 'problem', role: 'alert' }, app.loginError),
      h('button', { type: 'submit', class: 'button primary wide', disabled: app.busy }, 'Log in'),
      h(
        'p',
        { class: 'muted', id: 'login-help' },
        'The first one is printed by ',
        h('code', null, 'npm start'),
        ' and kept in ',
        h('code', null, '.plinth/admin-api-key'),
        '.',
      ),
    ),
  );
}

async function login(form: HTMLFormElement, loggedIn: () => void): Promise<void> {
  const field = form.elements.namedItem('apiKey') as HTMLInputElement;
  const apiKey = field.value.trim();
  app.busy = true;
  delete app.loginError;
  changed();
  try {
    app.session = await askJson<ConsoleSession>('/console/session', {
      method: 'POST',
      json: { apiKey },
    });
    field.value = '';
    loggedIn();
  } catch (error) {
    app.loginError = messageOf(error);
    field.select();
  }
  app.busy = false;
  changed();
}
