import type { ArtifactHolding } from '../core/artifactHoldings.js';

/** Workers that are at work, and what their artifacts hold: the API has none of its own. */
export interface WorkerStore {
  /** Says that the worker `id` lives, and what it holds. */
  beat(id: string, holds: ArtifactHolding): Promise<void>;
  /** It has ended. */
  forget(id: string): Promise<void>;
  /** What those hold that have said so within two minutes. */
  live(): Promise<ArtifactHolding[]>;
}
