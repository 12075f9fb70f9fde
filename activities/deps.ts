import type { Artifact } from '../core/artifacts.js';
import type { ArtifactCatalog } from '../machine/steps/types.js';
import type { Machines } from '../machine/types.js';
import type { Store } from '../store/types.js';
import type { Vault } from '../vault/types.js';

/** Where a cluster's files come from, chosen once by PLINTH_ARTIFACTS. */
export interface ArtifactSource {
  readonly catalog: ArtifactCatalog;
  /** A bundle file's bytes from an offset. */
  open(artifact: Artifact, from: number): NodeJS.ReadableStream;
  /** A manifest's text, its sum verified. */
  readText(artifact: Artifact): Promise<string>;
}

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
}
