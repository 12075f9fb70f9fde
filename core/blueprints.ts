import type { ClusterSpec } from './cluster.js';

/** The blueprints that every project has. */
export const BUILT_IN_BLUEPRINTS = ['default', 'minimal'] as const;

export type BuiltInBlueprint = (typeof BUILT_IN_BLUEPRINTS)[number];

/** What each holds beside our namespace and the cluster's identity, which all do. */
export const BLUEPRINT_ADDONS: Readonly<Record<BuiltInBlueprint, readonly string[]>> = {
  default: ['metrics-server'],
  minimal: [],
};

export function isBuiltIn(name: string): name is BuiltInBlueprint {
  return (BUILT_IN_BLUEPRINTS as readonly string[]).includes(name);
}

/** A blueprint as a cluster names it; without a version, or with NEWEST_VERSION: the newest. */
export interface BlueprintRef {
  name: string;
  version?: string;
}

/** What clients send that cannot leave a version out: as if they had. */
export const NEWEST_VERSION = 'latest';

/** The version that a cluster keeps; absent: it follows the newest. */
export function pinnedVersion({ version }: Pick<BlueprintRef, 'version'>): string | undefined {
  return version === NEWEST_VERSION ? undefined : version;
}

/** What a cluster's name for a blueprint stands for at a moment. */
export interface ResolvedBlueprint extends BlueprintRef {
  /** The built-in one whose parts it has. */
  base: BuiltInBlueprint;
  driftPolicy: DriftPolicy;
}

/** The built-in blueprint whose parts a cluster has. */
export function baseOf(spec: Pick<ClusterSpec, 'blueprint'>, custom?: { base: BuiltInBlueprint }) {
  return custom?.base ?? (spec.blueprint.name === 'minimal' ? 'minimal' : 'default');
}

export const AddonType = { Manifest: 'Manifest', Kustomize: 'Kustomize', Helm: 'Helm' } as const;
export type AddonType = (typeof AddonType)[keyof typeof AddonType];

/** `Correct` puts back what was changed by hand; `Report` only says it. */
export const DriftPolicy = { Correct: 'Correct', Report: 'Report' } as const;
export type DriftPolicy = (typeof DriftPolicy)[keyof typeof DriftPolicy];

/** What of an add-on is kept sealed: it may hold Secrets. */
export interface AddonContent {
  /** Manifest: YAML documents. */
  manifest?: string;
  /** Kustomize: path → text. */
  files?: Record<string, string>;
  /** Helm: the chart's .tgz in base64. */
  chart?: string;
  /** Helm: YAML text. */
  values?: string;
}

/** An add-on without its content. */
export interface AddonHead {
  name: string;
  type: AddonType;
  /** Where objects go that name no namespace. */
  namespace?: string;
  releaseName?: string;
  url?: string;
  sha256?: string;
}

/** An add-on as people write it. */
export type Addon = AddonHead & AddonContent;

export interface RolloutPolicy {
  /** Clusters at once: a number ("2") or a share of them ("20%"). */
  concurrency?: string;
  /** It stops when more than these have failed. */
  maxFailures?: number;
}

export interface BlueprintSpec {
  /** The version's word; left out: numbered by the server. */
  version?: string;
  base?: { name: BuiltInBlueprint };
  driftPolicy?: DriftPolicy;
  /** Hours between two looks at what is live; 0 or absent: only when asked for. */
  driftEveryHours?: number;
  rollout?: RolloutPolicy;
  addons?: Addon[];
}

export interface BlueprintMetadata {
  name: string;
  project: string;
  displayName?: string;
  description?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** The Blueprint resource as clients send it. */
export interface Blueprint {
  apiVersion: string;
  kind: 'Blueprint';
  metadata: BlueprintMetadata;
  spec: BlueprintSpec;
}

/** Owner of the contents of a blueprint's add-ons among the secrets: no project's name holds a colon. */
export function blueprintOwner(project: string, name: string): string {
  return `blueprint:${project}/${name}`;
}

/** What is known of a version without its contents. */
export interface BlueprintVersion {
  project: string;
  name: string;
  /** 1, 2, 3 … within the blueprint: the newest is the highest. */
  sequence: number;
  version: string;
  /** The word was given, not numbered. */
  given: boolean;
  base: BuiltInBlueprint;
  /** As it was given; absent: left out. */
  baseGiven?: true;
  driftPolicy?: DriftPolicy;
  addons: StoredAddon[];
  createdAt: string;
}

export interface StoredAddon extends AddonHead {
  content: StoredContent;
}

export interface StoredContent {
  /** Keyed hash of the content: its name among the secrets. */
  id: string;
  /** Bytes of the content's JSON text. */
  size: number;
  chunks: number;
  /** Of what a URL gave. */
  sha256?: string;
}

/** A blueprint's own record: what is the same for all its versions. */
export interface BlueprintRecord extends BlueprintMetadata {
  driftEveryHours?: number;
  rollout?: RolloutPolicy;
  createdAt: string;
  modifiedAt: string;
}

export function resolved({
  name,
  version,
  base,
  driftPolicy,
}: BlueprintVersion): ResolvedBlueprint {
  return { name, version, base, driftPolicy: driftPolicy ?? DriftPolicy.Correct };
}
