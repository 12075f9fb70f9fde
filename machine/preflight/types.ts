import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import type { MachineFacts } from '../facts.js';

export interface PreflightInput {
  clusterId: string;
  spec: ClusterSpec;
  /** Its first control plane is there: whatever load balancer the spec names must answer. */
  initialised?: boolean;
  /** Every node of the spec whose machine was reached. */
  nodes: readonly PreflightNode[];
}

export interface PreflightNode {
  node: NodeSpec;
  facts: MachineFacts;
}

/** One thing that is not as it must be (`error`) or deserves a look (`warning`). */
export interface PreflightFinding {
  /** The node's hostname in the spec. */
  node: string;
  check: string;
  severity: 'error' | 'warning';
  found: string;
  wanted: string;
  /** What a person does about it. */
  fix: string;
}

/** What a check says about one node; the node's name is added by `preflight`. */
export type NodeFinding = Omit<PreflightFinding, 'node'>;

/** A check that looks at one node at a time. */
export type NodeCheck = (node: PreflightNode, input: PreflightInput) => NodeFinding[];

/** A check that compares nodes with each other. */
export type ClusterCheck = (input: PreflightInput) => PreflightFinding[];
