import type { ConsoleTasksetSummary } from '../core/consoleModel.js';
import { askJson } from './http.js';
import { consolePath } from './paths.js';
import { changed, type ClusterState } from './state.js';

/** The tasksets before the ten that the page is sent, or, later on, those before all that are shown: some at a time. */
export async function loadHistory(state: ClusterState): Promise<void> {
  const { history = [] } = state;
  const last = history.at(-1);
  const query = last === undefined ? '' : `?before=${String(last.sequence)}`;
  state.historyBusy = true;
  try {
    const older = await askJson<ConsoleTasksetSummary[]>(`${consolePath(state)}/tasksets${query}`);
    state.history = [...history, ...older];
    state.historyEnds = older.length === 0;
  } catch {
    // What is there is shown all the same.
  }
  state.historyBusy = false;
  changed();
}
