import type { ConsoleTasksetSummary } from '../core/consoleModel.js';
import { askJson, messageOf } from './http.js';
import { consolePath } from './paths.js';
import { changed, type ClusterState } from './state.js';

/** The tasksets before the ten that the page is sent, or, later on, those before all that are shown: some at a time. */
export async function loadHistory(state: ClusterState): Promise<void> {
  const { history = [] } = state;
  const last = history.at(-1);
  const query = last === undefined ? '' : `?before=${String(last.sequence)}`;
  state.historyBusy = true;
  changed();
  try {
    const older = await askJson<ConsoleTasksetSummary[]>(`${consolePath(state)}/tasksets${query}`);
    state.history = [...history, ...older];
    // A cluster that has no taskset yet may have many before its page is left.
    state.historyEnds = last !== undefined && older.length === 0;
    delete state.historyError;
  } catch (error) {
    // What is there is shown all the same.
    state.historyError = messageOf(error);
  }
  state.historyBusy = false;
  changed();
}
