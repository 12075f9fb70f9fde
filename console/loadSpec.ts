import type { ConsoleSpec } from '../core/consoleModel.js';
import { askJson, messageOf } from './http.js';
import { consolePath } from './paths.js';
import { changed, type ClusterState } from './state.js';

/** Reads the spec, and again whenever the page says that it has changed. */
export async function loadSpec(state: ClusterState): Promise<void> {
  try {
    state.spec = await askJson<ConsoleSpec>(`${consolePath(state)}/spec`);
    delete state.specError;
  } catch (error) {
    state.specError = messageOf(error);
  }
  changed();
}
