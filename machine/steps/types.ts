import type { Artifact } from '../../core/artifacts.js';
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
  /** Text of the manifests that the module asked for, by name. */
  manifests?: Record<string, string>;
  /** `user:password` of the spec's proxy. */
  proxyAuth?: string;
  /** Short-lived secrets made for this run (bootstrap token, certificate key, CA hash). */
  join?: JoinSecrets;
  /** For `kubeadm-init`: what the first workers will join with, each with its own. */
  firstTokens?: readonly FirstToken[];
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
  timeoutSeconds: number;
  params(context: StepContext): Record<string, string>;
  /** Bundle files the machine must hold before the script starts. */
  artifacts?(context: StepContext): readonly Artifact[];
  /** Names of manifest artifacts whose text `params` needs. */
  manifests?(context: StepContext): readonly string[];
  /** True for help for another node: it runs beside what the control plane does for itself. */
  beside?: boolean;
  /** True where the machine need not be ours yet (facts) or is ours no more (release). */
  withoutOwner?: boolean;
}
