import { app, type Route } from './state.js';

let onRoute: () => void = () => undefined;

export function routeOf(location: { pathname: string; search: string }): Route {
  const query = new URLSearchParams(location.search);
  const [, project, name] = /^\/clusters\/([^/]+)\/([^/]+)\/?$/.exec(location.pathname) ?? [];
  if (project === undefined || name === undefined) return { page: 'list', query };
  return {
    page: 'cluster',
    project: decodeURIComponent(project),
    name: decodeURIComponent(name),
    query,
  };
}

/** Goes to an address of the console without loading the page anew; `replace`: without a step in the history. */
export function go(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  arrive();
}

export function clusterPath(
  of: { project: string; name: string },
  query?: URLSearchParams,
): string {
  const path = `/clusters/${encodeURIComponent(of.project)}/${encodeURIComponent(of.name)}`;
  const search = query?.toString() ?? '';
  return search === '' ? path : `${path}?${search}`;
}

export function listPath(query: URLSearchParams): string {
  const search = query.toString();
  return search === '' ? '/' : `/?${search}`;
}

/** The same address with this part of its query set; undefined: taken out. */
export function withQuery(
  query: URLSearchParams,
  set: Record<string, string | undefined>,
): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}

function arrive(): void {
  app.route = routeOf(location);
  onRoute();
}

/** Links to our own pages change what is shown; those with a modifier key, and all others, do what links do. */
export function startRouter(handler: () => void): void {
  onRoute = handler;
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const isPage = link.pathname === '/' || link.pathname.startsWith('/clusters/');
    if (
      link.origin !== location.origin ||
      !isPage ||
      link.target !== '' ||
      link.hasAttribute('download')
    )
      return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  arrive();
}
