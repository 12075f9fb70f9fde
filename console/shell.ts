import { h, type Child, type VNode } from './dom.js';
import { ask } from './http.js';
import { icon, logo } from './icons.js';
import { app, changed, dismiss } from './state.js';
import { nextTheme, themeWord } from './theme.js';

/** What is around every page: where one is, who one is, what just happened. */
export function shell(content: Child): Child {
  const { user } = app.session ?? {};
  return [
    user !== undefined &&
      h('a', { class: 'skip', href: '#content', key: 'skip' }, 'Skip to the content'),
    user !== undefined && topBar(),
    content,
    app.dialog?.(),
    h(
      'div',
      { class: 'notices', 'aria-live': 'polite', key: 'notices' },
      app.notices.map(({ id, tone, text }) =>
        h(
          'div',
          { class: `notice ${tone}`, key: String(id) },
          icon(tone === 'ok' ? 'check' : 'cross'),
          h('span', null, text),
          h(
            'button',
            {
              type: 'button',
              class: 'link',
              'aria-label': 'Dismiss',
              on: { click: () => dismiss(id) },
            },
            '×',
          ),
        ),
      ),
    ),
  ];
}

function topBar(): VNode {
  const { user } = app.session ?? {};
  const { route } = app;
  return h(
    'header',
    { class: 'top', key: 'top' },
    h('a', { class: 'brand', href: '/' }, logo(), 'plinth'),
    h(
      'nav',
      { 'aria-label': 'Where you are' },
      route.page === 'cluster' && [
        h('a', { href: '/' }, 'Clusters'),
        h('span', { class: 'muted', 'aria-hidden': 'true' }, '/'),
        h(
          'a',
          { href: `/?project=${encodeURIComponent(route.project)}`, class: 'crumb-project' },
          route.project,
        ),
        h('span', { class: 'muted crumb-project', 'aria-hidden': 'true' }, '/'),
        h('span', { 'aria-current': 'page', class: 'clip' }, route.name),
      ],
    ),
    h(
      'div',
      { class: 'who' },
      h('a', { href: '/swagger', class: 'quiet' }, 'API'),
      h(
        'button',
        {
          type: 'button',
          class: 'button quiet square',
          'aria-label': `Theme: ${themeWord()}`,
          title: `Theme: ${themeWord()}`,
          on: {
            click: () => {
              nextTheme();
              changed();
            },
          },
        },
        icon('theme'),
      ),
      h(
        'span',
        { class: 'user' },
        h('b', null, user?.name),
        h(
          'span',
          { class: 'muted' },
          [user?.role ?? '', user?.project].filter(Boolean).join(' · '),
        ),
      ),
      h(
        'button',
        { type: 'button', class: 'button quiet', on: { click: () => void logOut() } },
        icon('exit'),
        h('span', { class: 'wide-only' }, 'Log out'),
      ),
    ),
  );
}

async function logOut(): Promise<void> {
  await ask('/console/session', { method: 'DELETE' }).catch(() => undefined);
  // Nothing of what was shown stays in the page.
  location.assign('/');
}
