import type { ConsoleMachineStep, ConsoleTaskset } from '../core/consoleModel.js';
import { h, type VNode } from './dom.js';
import { ask, messageOf } from './http.js';
import { apiPath } from './paths.js';
import { changed, type ClusterState } from './state.js';

export interface LogOf {
  tasksetId: string;
  node: string;
  step: string;
}

/** A line is seen this long after it was stored, at most. */
const FOLLOW_MS = 400;
const NEAR_END_PX = 24;

function keyOf({ tasksetId, node, step }: LogOf): string {
  return `${tasksetId}/${node}/${step}`;
}

export function toggleLog(state: ClusterState, of: LogOf): void {
  const key = keyOf(of);
  if (state.logs.delete(key)) {
    changed();
    return;
  }
  state.logs.set(key, { text: '', loading: true });
  changed();
  void followLog(state, of);
}

/** Reads it until the step has ended or its panel is closed. */
async function followLog(state: ClusterState, of: LogOf): Promise<void> {
  const query = new URLSearchParams({ node: of.node, step: of.step });
  const path = `${apiPath(state)}/tasksets/${encodeURIComponent(of.tasksetId)}/logs?${query.toString()}`;
  for (;;) {
    // Before the read: what is written until it ended is in what is read after it.
    const runs = isRunning(state, of);
    const key = keyOf(of);
    try {
      const text = await (await ask(path, { headers: { accept: 'text/plain' } })).text();
      if (!state.logs.has(key)) return;
      if (state.logs.get(key)?.text !== text || state.logs.get(key)?.loading === true) {
        state.logs.set(key, { text, loading: false });
        changed();
      }
    } catch (error) {
      if (!state.logs.has(key)) return;
      const text = state.logs.get(key)?.text ?? '';
      state.logs.set(key, { text, loading: false, error: messageOf(error) });
      changed();
    }
    if (!runs) return;
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
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
