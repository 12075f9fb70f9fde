import type { Artifact } from '../../core/artifacts.js';

/**
 * Files that were seen on a machine over one connection, in one taskset: within it nobody asks for them twice. What the
 * machine takes away meanwhile is a matter of its scripts, which then ask for it by the result `again`.
 */
export class SeenArtifacts {
  #tasksetId = '';
  readonly #sums = new Set<string>();

  /** Those of them that it has to be asked about. */
  unseen(tasksetId: string, artifacts: readonly Artifact[]): readonly Artifact[] {
    if (tasksetId !== this.#tasksetId) return artifacts;
    return artifacts.filter(({ sha256 }) => !this.#sums.has(sha256));
  }

  note(tasksetId: string, artifacts: readonly Artifact[]): void {
    if (tasksetId !== this.#tasksetId) this.forget();
    this.#tasksetId = tasksetId;
    for (const { sha256 } of artifacts) this.#sums.add(sha256);
  }

  forget(): void {
    this.#sums.clear();
  }
}
