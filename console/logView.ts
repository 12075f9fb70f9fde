import type { ConsoleMachineStep, ConsoleTaskset } from '../core/consoleModel.js';
import { h, type VNode } from './dom.js';
import { ask, messageOf } from './http.js';
import { follow } from './live.js';
import { apiPath } from './paths.js';
import { changed, type ClusterState, type StepLog } from './state.js';

export interface LogOf {
  tasksetId: string;
  node: string;
  step: string;
}

/** How often the whole of it is read where it is not followed. */
const READ_EVERY_MS = 1000;
/** Streams that are open at once: browsers have six connections to a server, and the page needs some of them. */
const MOST_STREAMS = 3;
const NEAR_END_PX = 24;

let streams = 0;

interface LogLines {
  subject?: string;
  attempt: number;
  offset: number;
  lines: string[];
}

function keyOf({ tasksetId, node, step }: LogOf): string {
  return `${tasksetId}/${node}/${step}`;
}

export function toggleLog(state: ClusterState, of: LogOf): void {
  const key = keyOf(of);
  const known = state.logs.get(key);
  if (known !== undefined) {
    known.stop?.();
    state.logs.delete(key);
  } else {
    state.logs.set(key, { text: '', loading: true });
    if (isRunning(state, of) && streams < MOST_STREAMS) followLog(state, of);
    else void readLog(state, of);
  }
  changed();
}

/** What is open of a page that is left. */
export function closeLogs(state: ClusterState): void {
  for (const { stop } of state.logs.values()) stop?.();
  state.logs.clear();
}

function logsPath(state: ClusterState, of: LogOf, what: string): string {
  const query = new URLSearchParams({ node: of.node, step: of.step });
  const id = encodeURIComponent(of.tasksetId);
  return `${apiPath(state)}/tasksets/${id}/${what}?${query.toString()}`;
}

/** Line by line as it is written, until its panel is closed or the taskset has ended. */
function followLog(state: ClusterState, of: LogOf): void {
  const key = keyOf(of);
  const log: StepLog = { text: '', loading: false };
  const seen = new Map<string, number>();
  let stopped = false;
  streams += 1;
  const stop = follow(logsPath(state, of, 'logs/events'), {
    onEvent: ({ event, data }) => {
      if (event === 'end') log.stop?.();
      if (event !== 'lines') return;
      const { subject, attempt, offset, lines } = JSON.parse(data) as LogLines;
      const run = `${subject === undefined ? '' : `for ${subject}, `}attempt ${String(attempt)}`;
      // After a break the last second comes again.
      if ((seen.get(run) ?? -1) >= offset) return;
      if (!seen.has(run) && seen.size > 0) log.text += `==> ${run}\n`;
      seen.set(run, offset);
      log.text += lines.map((line) => `${line}\n`).join('');
      changed();
    },
    onState: (open) => {
      if (open) delete log.error;
      else log.error = 'The connection is lost: trying again …';
      changed();
    },
    onRefused: ({ message }) => {
      log.error = message;
      changed();
    },
  });
  log.stop = () => {
    if (stopped) return;
    stopped = true;
    streams -= 1;
    stop();
  };
  state.logs.set(key, log);
}

/** All of it, again and again while the step runs. */
async function readLog(state: ClusterState, of: LogOf): Promise<void> {
  const key = keyOf(of);
  for (;;) {
    // Before the read: what is written until it ended is in what is read after it.
    const runs = isRunning(state, of);
    try {
      const answer = await ask(logsPath(state, of, 'logs'), { headers: { accept: 'text/plain' } });
      const text = await answer.text();
      if (!state.logs.has(key)) return;
      state.logs.set(key, { text, loading: false });
    } catch (error) {
      const known = state.logs.get(key);
      if (known === undefined) return;
      state.logs.set(key, { text: known.text, loading: false, error: messageOf(error) });
    }
    changed();
    if (!runs) return;
    await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
  }
}

function isRunning(state: ClusterState, of: LogOf): boolean {
  const known = [state.page?.taskset, state.taskset].find((one) => one?.id === of.tasksetId);
  return stepsOf(known ?? undefined, of.step).some(
    (machine) => machine.hostname === of.node && machine.state === 'running',
  );
}

function stepsOf(taskset: ConsoleTaskset | undefined, name: string): ConsoleMachineStep[] {
  const steps = taskset?.operations.flatMap((operation) => operation.steps) ?? [];
  return steps.filter((step) => step.name === name).flatMap((step) => step.machines);
}

/** What the step's script wrote. Whoever is at its end stays there as it grows; whoever has scrolled up stays where they are. */
export function logView(state: ClusterState, of: LogOf): VNode {
  const log = state.logs.get(keyOf(of));
  const text = log?.text ?? '';
  return h(
    'div',
    { class: 'log', key: `log ${keyOf(of)}` },
    log?.error !== undefined && h('p', { class: 'problem' }, log.error),
    log?.loading === true
      ? h('p', { class: 'muted' }, 'Loading …')
      : text === ''
        ? h('p', { class: 'muted' }, 'It has written nothing yet.')
        : h(
            'pre',
            {
              class: 'output',
              tabindex: 0,
              role: 'log',
              'aria-live': 'off',
              'aria-label': `Output of ${of.step} on ${of.node}`,
              ref: stickToEnd,
            },
            text,
          ),
  );
}

function stickToEnd(element: Element): void {
  let atEnd = true;
  const toEnd = (): void => {
    if (atEnd) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener('scroll', () => {
    atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
  });
  new MutationObserver(toEnd).observe(element, {
    childList: true,
    characterData: true,
    subtree: true,
  });
  queueMicrotask(toEnd);
}
