import type {
  ConsoleChange,
  ConsoleFirst,
  ConsolePage,
  ConsoleSession,
  ConsoleTaskset,
} from '../core/consoleModel.js';
import { clusterView, tabOf } from './clusterView.js';
import { closeDialog } from './dialog.js';
import { adopt, render } from './dom.js';
import { firstView } from './first.js';
import { readMoments } from './format.js';
import { loadHealth } from './healthView.js';
import { askJson, messageOf, whenLoggedOut } from './http.js';
import { follow, type LiveEvent } from './live.js';
import { followList, leaveList } from './listLive.js';
import { listView } from './listView.js';
import { closeLogs } from './logView.js';
import { loginView } from './loginView.js';
import { consolePath } from './paths.js';
import { startRouter } from './router.js';
import { shell } from './shell.js';
import { loadHistory } from './loadHistory.js';
import { loadSpec } from './loadSpec.js';
import { app, changed, whenChanged, type ClusterState } from './state.js';
import { startTheme } from './theme.js';

/** Clusters are looked at every half minute. */
const HEALTH_EVERY_MS = 30_000;
/** Relative times and running bars move. */
const TICK_MS = 1000;

const root = document.getElementById('root');
let unfollow: (() => void) | undefined;
/** What came with the page and is not shown yet. */
let firstList: ConsoleFirst['list'];

startTheme();
whenChanged(draw);
whenLoggedOut(() => {
  if (app.session?.user === undefined) return;
  app.session = { version: app.session.version, dryRun: app.session.dryRun };
  app.loginError = 'The session has ended: log in again';
  leaveCluster();
  leaveList();
  closeDialog();
  changed();
});
void start();

async function start(): Promise<void> {
  let typed: HTMLElement[] = [];
  if (root !== null && root.querySelector('main') !== null) {
    await painted();
    typed = adopt(root);
  }
  try {
    const first = firstView();
    if (first !== null) noteClock(first.now, whenAnswered());
    firstList = first?.list;
    app.session = first?.session ?? (await askJson<ConsoleSession>('/console/session'));
  } catch (error) {
    app.loginError = messageOf(error);
    app.session = { version: '', dryRun: false };
  }
  startRouter(arrive);
  void painted().then(() => {
    for (const field of typed) {
      for (const type of ['input', 'change']) field.dispatchEvent(new Event(type));
    }
    readMoments();
    changed();
  });
  setInterval(() => {
    if (!document.hidden) changed();
  }, TICK_MS);
  setInterval(() => {
    const { cluster } = app;
    if (!document.hidden && cluster !== undefined && !cluster.gone) void loadHealth(cluster);
  }, HEALTH_EVERY_MS);
  document.addEventListener('keydown', (event) => {
    const typing =
      event.target instanceof Element && event.target.matches('input, textarea, select');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector<HTMLInputElement>('input[type=search]');
    if (field === null) return;
    event.preventDefault();
    field.focus();
  });
}

/** Once what is in the page by now is to be seen; at once where nobody looks. */
async function painted(): Promise<void> {
  if (document.hidden) return;
  await new Promise(requestAnimationFrame);
  await new Promise((resolve) => setTimeout(resolve));
}

function isLoggedIn(): boolean {
  return app.session?.user !== undefined;
}

function draw(): void {
  if (root === null || app.session === undefined) return;
  const { route, cluster } = app;
  if (!isLoggedIn()) {
    document.title = 'Log in · plinth';
    render(root, shell(loginView(arrive)));
    return;
  }
  document.title = route.page === 'list' ? 'Clusters · plinth' : `${route.name} · plinth`;
  render(
    root,
    shell(
      route.page === 'list'
        ? listView(route.query)
        : cluster !== undefined && clusterView(cluster, route.query),
    ),
  );
}

/** What the address asks for is loaded, and what is not shown any more let go. */
function arrive(): void {
  const { route } = app;
  closeDialog();
  if (isLoggedIn()) {
    if (route.page === 'list') {
      leaveCluster();
      followList(route.query, firstList);
      firstList = undefined;
    } else {
      leaveList();
      const { cluster } = app;
      if (cluster?.project !== route.project || cluster.name !== route.name) {
        enterCluster(route.project, route.name);
      }
      void loadTaskset();
      if (
        app.cluster !== undefined &&
        tabOf(route.query) === 'spec' &&
        app.cluster.spec === undefined
      ) {
        void loadSpec(app.cluster);
      }
    }
  }
  changed();
}

/** What the server's clock said, and what ours did then. */
function noteClock(theirs: string, ours: number): void {
  const offset = Date.parse(theirs) - ours;
  // To the second: less than a second off is none.
  if (!Number.isNaN(offset)) app.clockOffsetMs = Math.abs(offset) > 2000 ? offset : 0;
}

/** When the page began to come: its head is sent at once. */
function whenAnswered(): number {
  const [navigation] = performance.getEntriesByType('navigation');
  const { responseStart = 0 } = (navigation ?? {}) as Partial<PerformanceNavigationTiming>;
  return performance.timeOrigin + responseStart;
}

function leaveCluster(): void {
  unfollow?.();
  unfollow = undefined;
  if (app.cluster !== undefined) closeLogs(app.cluster);
  delete app.cluster;
}

function enterCluster(project: string, name: string): void {
  leaveCluster();
  const state: ClusterState = {
    ...{ project, name, gone: false, live: true, nodeFilter: '' },
    open: new Map(),
    logs: new Map(),
  };
  app.cluster = state;
  unfollow = follow(`${consolePath(state)}/events`, {
    onEvent: (event) => receive(state, event),
    onState: (open) => {
      state.live = open;
      changed();
    },
    onRefused: ({ status, message }) => {
      state.refused = { status, message };
      changed();
    },
  });
  void loadHistory(state);
  void loadHealth(state);
}

function receive(state: ClusterState, { event, data }: LiveEvent): void {
  if (event === 'deleted') {
    state.gone = true;
    unfollow?.();
    changed();
    return;
  }
  if (event !== 'page') return;
  const { now, ...parts } = JSON.parse(data) as ConsoleChange;
  app.clockOffsetMs = Date.parse(now) - Date.now();
  const before = state.page;
  state.page = { ...before, ...parts } as ConsolePage;
  const isNewSpec =
    before !== undefined && before.cluster.generation !== state.page.cluster.generation;
  const isApplied = before !== undefined && before.cluster.ahead !== state.page.cluster.ahead;
  if ((isNewSpec || isApplied) && state.spec !== undefined) void loadSpec(state);
  changed();
}

/** An older taskset that the address names. */
async function loadTaskset(): Promise<void> {
  const { cluster: state, route } = app;
  if (state === undefined || route.page !== 'cluster') return;
  const id = route.query.get('taskset');
  if (id === null) {
    delete state.taskset;
    return;
  }
  if (state.taskset?.id === id) return;
  let taskset: ConsoleTaskset | undefined;
  try {
    taskset = await askJson<ConsoleTaskset>(
      `${consolePath(state)}/tasksets/${encodeURIComponent(id)}`,
    );
  } catch {
    // The newest is shown.
  }
  // Somebody who clicks is faster than the server: what was chosen last is shown.
  if (app.cluster !== state || app.route.query.get('taskset') !== id) return;
  if (taskset === undefined) delete state.taskset;
  else state.taskset = taskset;
  changed();
}
