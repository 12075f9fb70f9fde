import type { NodeSpec } from '../core/cluster.js';
import type { NodeRecord } from '../core/records.js';
import type { StepName } from '../core/steps.js';

/** A node as it lies in the database: spec and facts as JSON text, because their keys hold dots. */
export interface NodeDocument extends Omit<NodeRecord, 'spec' | 'facts'> {
  /** `clusterId/hostname`. */
  _id: string;
  spec: string;
  facts?: string;
  /** By the spec; documents from before it was kept have none, which a query finds as null. */
  controlPlane?: boolean | null;
  /** Per step: what wrote it last, later is higher. Guards against late writes. */
  stepOrder?: Partial<Record<StepName, number>>;
}

export function nodeId(clusterId: string, hostname: string): string {
  return `${clusterId}/${hostname}`;
}

export function nodeRecord(document: NodeDocument): NodeRecord {
  const { _id, spec, facts, stepOrder: _order, controlPlane: _role, ...rest } = document;
  return {
    ...rest,
    spec: JSON.parse(spec) as NodeSpec,
    ...(facts === undefined ? {} : { facts: JSON.parse(facts) as unknown }),
  };
}
