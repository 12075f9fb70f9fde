import type { ClusterRecord } from '../../core/records.js';
import type { ProvisionStatus } from '../../core/words.js';
import { CommonConditionStatus } from '../../core/words.js';

/** A cluster as the v1 API calls it: what clients look up beside the V3 resource. */
export interface EdgeView {
  id: string;
  edge_id: string;
  name: string;
  cluster_type: string;
  project_id: string;
  status: string;
  /** 1: the last thing that was asked for was done. */
  health: number;
  provision: { status: ProvisionStatus; comments: string };
  created_at: string;
  modified_at: string;
  /** Never null: clients of v1 do not survive that. */
  settings: Record<string, never>;
}

export function edgeView(record: ClusterRecord, projectId: string): EdgeView {
  const { id, name, commonStatus, provisionStatus, createdAt, modifiedAt } = record;
  return {
    ...{ id, edge_id: id, name, cluster_type: record.desired.spec.type, project_id: projectId },
    status: statusWord(record),
    health: commonStatus.conditionStatus === CommonConditionStatus.Ok ? 1 : 0,
    provision: { status: provisionStatus, comments: commonStatus.reason },
    created_at: createdAt,
    modified_at: modifiedAt,
    settings: {},
  };
}

function statusWord({ commonStatus, deleting }: ClusterRecord): string {
  if (commonStatus.conditionStatus === CommonConditionStatus.Failed) {
    return deleting ? 'DELETION_FAILED' : 'PROVISION_FAILED';
  }
  if (deleting) return 'DELETING';
  return commonStatus.conditionStatus === CommonConditionStatus.Ok ? 'READY' : 'PROVISIONING';
}
