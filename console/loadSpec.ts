import type { ConsoleSpec } from '../core/consoleModel.js';
import { askJson, messageOf } from './http.js';
import { consolePath } from './paths.js';
import { changed, type ClusterState } from './state.js';

/** How often each was read so far. */
const reads = new WeakMap<ClusterState, number>();

/**
 * Reads the spec, and again whenever the page says that it has changed. Answers may overtake each other: that to what was
 * asked last is shown, as none that was asked before is newer.
 */
export async function loadSpec(state: ClusterState): Promise<void> {
  const turn = (reads.get(state) ?? 0) + 1;
  reads.set(state, turn);
  const isLast = (): boolean => reads.get(state) === turn;
  try {
    const spec = await askJson<ConsoleSpec>(`${consolePath(state)}/spec`);
    if (!isLast()) return;
    state.spec = spec;
    delete state.specError;
  } catch (error) {
    if (!isLast()) return;
    state.specError = messageOf(error);
  }
  changed();
}
