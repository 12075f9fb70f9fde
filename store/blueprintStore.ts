import type {
  BlueprintRecord,
  BlueprintRef,
  BlueprintVersion,
  ResolvedBlueprint,
} from '../core/blueprints.js';
import type { Rollout } from '../core/rollout.js';
import type { NameFilter, Page, Slice } from './page.js';

/** A project's own blueprints. The contents of their add-ons lie among the secrets. */
export interface BlueprintStore {
  /**
   * A new blueprint, a new version of it, or, where the content is that of the newest (or of the version that it names),
   * only its metadata and policy. Conflict when the version it names is there with another content.
   */
  put(input: {
    record: Omit<BlueprintRecord, 'createdAt' | 'modifiedAt'>;
    version: Pick<BlueprintVersion, 'base' | 'baseGiven' | 'driftPolicy' | 'addons'> & {
      /** Left out: the next number. */
      version?: string;
    };
    // A blueprint that was there is rolled out anew, whether or not anything has changed.
  }): Promise<{
    record: BlueprintRecord;
    version: BlueprintVersion;
    created: boolean;
    changed: boolean;
  }>;
  get(project: string, name: string): Promise<BlueprintRecord | undefined>;
  /** Without a version: the newest. */
  version(project: string, name: string, version?: string): Promise<BlueprintVersion | undefined>;
  /** Newest first; the key is the sequence. */
  versions(project: string, name: string, page: Page<number>): Promise<Slice<BlueprintVersion>>;
  /** By name. */
  list(
    project: string,
    page: Page<string> & { name?: NameFilter },
  ): Promise<Slice<BlueprintRecord>>;
  /** Every blueprint that a spec may name, and its versions, the oldest first. */
  words(project: string): Promise<Map<string, string[]>>;
  /** What a spec's blueprint is at this moment; undefined: a built-in one. NotFound when there is none. */
  resolve(project: string, ref: BlueprintRef): Promise<ResolvedBlueprint | undefined>;
  /** To be called before a cluster that names it is recorded. Conflict when it is gone. */
  noteUse(project: string, name: string, cluster: string): Promise<void>;
  /** Names of clusters that name it. */
  usedBy(project: string, name: string): Promise<string[]>;
  /** Unless it is used. */
  remove(project: string, name: string): Promise<{ removed: boolean; usedBy: string[] }>;
  /** Clusters of the project that name it without a version, by name. */
  followers(project: string, name: string): Promise<{ id: string; name: string }[]>;
  /** The newest. */
  rollout(project: string, name: string): Promise<Rollout | undefined>;
  putRollout(rollout: Rollout): Promise<void>;
  /** The last write of a rollout: unless a newer version came meanwhile, there is none to begin any more. */
  endRollout(rollout: Rollout): Promise<void>;
  /** Those of which a version has yet to come to the clusters that follow it. */
  pendingRollouts(limit: number): Promise<{ project: string; name: string }[]>;
}
