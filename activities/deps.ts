import type { ArtifactSource } from '../machine/artifacts/source.js';
import type { Machines } from '../machine/types.js';
import type { Store } from '../store/types.js';
import type { Vault } from '../vault/types.js';

export interface Logger {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** What activities may touch. Made once by the worker's main. */
export interface ActivityDeps {
  store: Store;
  vault: Vault;
  machines: Machines;
  source: ArtifactSource;
  log: Logger;
  /** How long disruption budgets may hold a drain up; default: DEFAULT_DRAIN_MINUTES. */
  drainSeconds?: number;
}
