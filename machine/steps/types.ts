import type { Artifact } from '../../core/artifacts.js';
import type { AddonType, ResolvedBlueprint } from '../../core/blueprints.js';
import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import type { StepName } from '../../core/steps.js';
import type { MachineFacts } from '../facts.js';

/** Everything a step's parameters may be derived from. Pure data: no connection, no store. */
export interface StepContext {
  cluster: { id: string; name: string; project: string; generation: number };
  spec: ClusterSpec;
  /** The node whose machine the script runs on (for cluster steps: the control plane it runs through). */
  node: NodeSpec;
  /** Facts of that machine; absent only in `facts` itself. */
  facts?: MachineFacts;
  /** privateIPs of the control planes that the endpoint proxy forwards to, in a stable order. */
  controlPlanes: readonly { hostname: string; privateIP: string }[];
  /** The node the step is about, when it runs through another machine (drain, node-delete, …). */
  subject?: NodeSpec;
  /** Nodes that leave, for the step that looks at all of them at once. */
  leaving?: readonly NodeSpec[];
  /** Everything the chosen source offers for this cluster's versions. */
  catalog: ArtifactCatalog;
  /** What the cluster's blueprint is, where it is not built in; its add-ons only for modules that ask for them. */
  blueprint?: BlueprintContext;
  /** Text of the manifests that the module asked for, by name. */
  manifests?: Record<string, string>;
  /** `user:password` of the spec's proxy. */
  proxyAuth?: string;
  /** Short-lived secrets made for this run (bootstrap token, certificate key, CA hash). */
  join?: JoinSecrets;
  /** For the steps of a snapshot: its id. */
  snapshot?: string;
  /** For the steps of a renewal of certificates: its id. */
  renewal?: string;
  /** For the steps of a restore. */
  restore?: RestoreContext;
  /** How long disruption budgets may hold a drain up; absent: DEFAULT_DRAIN_MINUTES of core/drain.ts. */
  drainSeconds?: number;
  /** For `kubeadm-init`: what the first workers will join with, each with its own. */
  firstTokens?: readonly FirstToken[];
}

export interface BlueprintContext extends ResolvedBlueprint {
  addons: readonly RenderedAddon[];
}

/** An add-on as files that a machine renders. */
export interface RenderedAddon {
  name: string;
  type: AddonType;
  namespace?: string;
  releaseName?: string;
  /** A kustomization's folder; of a Helm add-on `chart.tgz` and `values.yaml`. */
  files: readonly AddonFile[];
  /** What of it nobody may read in a log. */
  secrets: readonly string[];
}

export interface AddonFile {
  path: string;
  bytes: Buffer;
  sha256: string;
}

export interface RestoreContext {
  id: string;
  /** Marks what it has done on each machine, so that it goes on; where another machine gets the data, it begins anew on all. */
  turn: string;
  /** Hostnames of the control planes that join the first one anew. */
  others: readonly string[];
  /** Hostnames of the nodes that stay as they are, the first control plane among them. */
  keep: readonly string[];
  /** For the machine that gets the data. */
  snapshot?: {
    sha256: string;
    packedSha256: string;
    /** Secret: a compressed archive of the keys, in base64. */
    keys: string;
  };
}

export interface FirstToken {
  hostname: string;
  /** `abcdef.0123456789abcdef`. */
  token: string;
}

export interface JoinSecrets {
  /** `abcdef.0123456789abcdef`. */
  token: string;
  /** `sha256:…`. */
  caCertHash: string;
  /** 32 bytes hex; control planes only. */
  certificateKey?: string;
}

/** Where files come from: an index of sums (bundle, mirror) or upstream's own addresses (online). */
export interface ArtifactCatalog {
  source: 'bundle' | 'mirror' | 'online';
  /** Base URL of a mirror; absent for bundle and online. */
  baseUrl?: string;
  artifacts: readonly Artifact[];
}

/** A step: static script text, and pure functions that give its parameters and files. */
export interface StepModule {
  name: StepName;
  /** Files under machine/steps whose text, in this order after the prelude, is the script. `{family}` is replaced by the OS family. */
  script: readonly string[];
  /** After which the machine stops the script. */
  timeoutSeconds: number;
  /** Seconds on top of it, where people say how long it may wait. */
  patience?(context: StepContext): number;
  params(context: StepContext): Record<string, string>;
  /** Bundle files the machine must hold before the script starts. */
  artifacts?(context: StepContext): readonly Artifact[];
  /** True where nothing but a full disk takes them away again before the taskset has ended. */
  artifactsStay?: boolean;
  /** Bundle files of steps to come, which stay: they travel while the script runs. */
  ahead?(context: StepContext): readonly Artifact[];
  /** Names of manifest artifacts whose text `params` needs. */
  manifests?(context: StepContext): readonly string[];
  /** True where the contents of the blueprint's add-ons are needed: `artifacts` sends them. */
  addons?: boolean;
  /** True for help for another node: it runs beside what the control plane does for itself. */
  beside?: boolean;
  /**
   * True where a cancel waits for the script's end, which is minutes away at most: killed in the middle it would leave a
   * package manager or a static pod half changed, or a member of etcd that never starts.
   */
  finishes?: boolean;
  /** True where nothing of ours is on the machine once it is done. */
  last?: boolean;
  /** True where the machine need not be ours yet (facts) or is ours no more (release). */
  withoutOwner?: boolean;
}
