import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { TasksetStatus } from '../core/words.js';
import type { ConsolePage, ConsoleTasksetSummary } from '../core/consoleModel.js';
import { historyView } from './historyView.js';
import { toHtml } from './html.js';
import { loadHistory } from './loadHistory.js';
import { whenChanged, type ClusterState } from './state.js';

/* A server whose answers come when the test says so. */

let answers: ((answer: Response) => void)[];
let asked: string[];
beforeEach(() => {
  [answers, asked] = [[], []];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    return new Promise<Response>((resolve) => answers.push(resolve));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const opened = (): ClusterState => ({
  ...{ project: 'p', name: 'demo', gone: false, live: true, nodeFilter: '' },
  ...{ open: new Map(), logs: new Map() },
});
const tasksets = (from: number, to: number): ConsoleTasksetSummary[] =>
  Array.from({ length: from - to + 1 }, (_, index) => ({
    ...{ id: `t${String(from - index)}`, sequence: from - index, comments: '', operations: [] },
    ...{ status: TasksetStatus.Complete, createdAt: '2026-01-02T03:04:05Z' },
  }));
/** As the page shows it beside its ten newest tasksets. */
const shown = (state: ClusterState, newest: ConsoleTasksetSummary[]): string =>
  toHtml(historyView(state, { tasksets: newest } as ConsolePage, new URLSearchParams()));
const OLDER = '<button type="button" class="button quiet">Older</button>';
const BUSY = '<button type="button" class="button quiet" disabled="">Older</button>';

async function load(state: ClusterState, answer: Response): Promise<void> {
  const loading = loadHistory(state);
  answers.at(-1)!(answer);
  await loading;
}

test('a page that is older than the first taskset has what came before its ten', async () => {
  const state = opened();
  await load(state, Response.json([]));
  expect(shown(state, tasksets(11, 2))).toContain(OLDER);
  await load(state, Response.json(tasksets(11, 1)));
  expect(shown(state, tasksets(11, 2))).not.toContain('Older');
});

test('there is no more to ask for once nothing came before the oldest', async () => {
  const state = opened();
  await load(state, Response.json(tasksets(150, 51)));
  await load(state, Response.json([]));
  expect(asked.at(-1)).toMatch(/before=51$/);
  expect(shown(state, tasksets(150, 141))).not.toContain('Older');
});

test('what could not be read is said, and can be asked for again, the first time as well', async () => {
  const state = opened();
  for (const more of [tasksets(150, 51), tasksets(50, 2)]) {
    await load(state, Response.json({ message: 'away' }, { status: 500 }));
    expect(shown(state, tasksets(150, 141))).toMatch(/role="alert">away<.*Older/);
    await load(state, Response.json(more));
    expect(shown(state, tasksets(150, 141))).not.toContain('alert');
  }
});

test('while more is asked for, the page shows that it is', async () => {
  const state = opened();
  await load(state, Response.json(tasksets(150, 51)));
  const drawn: string[] = [];
  whenChanged(() => drawn.push(shown(state, tasksets(150, 141))));
  const loading = loadHistory(state);
  await vi.waitFor(() => expect(drawn.at(-1)).toContain(BUSY));
  answers.at(-1)!(Response.json(tasksets(50, 2)));
  await loading;
  await vi.waitFor(() => expect(drawn.at(-1)).toContain(OLDER));
});
