import type { ClusterSpec } from '../core/cluster.js';
import type { ClusterRecord } from '../core/records.js';
import {
  awaitedNodes,
  awaitedText,
  comesByInstaller,
  withRegistrations,
  type Awaited,
} from '../core/registration.js';
import {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  NodeStatus,
} from '../core/words.js';
import { setCondition } from './conditions.js';
import type { ActivityDeps } from './deps.js';

/** Who stands in the record as the one that approved. */
const BY_SPEC = 'autoApproveNodes';

export type RegisteredMachines =
  | {
      /** Every node has an address and a login. */
      spec: ClusterSpec;
      /** Some node needed approval, and has it. */
      approved: boolean;
    }
  | { waiting: string; awaited: Awaited };

/** The desired spec with what its machines registered, or whom it has to wait for. */
export async function registeredMachines(
  deps: ActivityDeps,
  record: ClusterRecord,
): Promise<RegisteredMachines> {
  const { spec } = record.desired;
  const coming = spec.config.nodes.filter((node) => comesByInstaller(spec, node));
  if (coming.length === 0) return { spec, approved: false };
  if (record.deleting) {
    // It waits for nobody, and cleans those that came.
    const all = await deps.store.registrations.list(record.id);
    return { spec: withRegistrations(spec, all), approved: false };
  }
  if (spec.config.autoApproveNodes === true) await approveAll(deps, record);
  const registrations = await deps.store.registrations.list(record.id);
  const awaited = awaitedNodes(spec, registrations);
  if (awaited !== undefined) return { waiting: awaitedText(awaited), awaited };
  return { spec: withRegistrations(spec, registrations), approved: true };
}

/** Those that registered before the spec said so. */
async function approveAll(deps: ActivityDeps, record: ClusterRecord): Promise<void> {
  const wanted = new Set(record.desired.spec.config.nodes.map((node) => node.hostname));
  for (const { hostname, approvedAt } of await deps.store.registrations.list(record.id)) {
    if (approvedAt !== undefined || !wanted.has(hostname)) continue;
    if (!(await deps.store.registrations.approve(record.id, hostname, BY_SPEC))) continue;
    await deps.store.nodes.setStatus(record.id, hostname, NodeStatus.Approved);
    await deps.store.audit.append({
      at: new Date().toISOString(),
      actor: BY_SPEC,
      action: 'node.approve',
      project: record.project,
      resource: `clusters/${record.name}/nodes/${hostname}`,
      summary: `by the spec of generation ${record.generation}`,
    });
  }
}

/** Submitted still, and in words whom it waits for: clients that poll go on polling. */
export async function markWaiting(
  deps: ActivityDeps,
  record: ClusterRecord,
  { waiting, awaited }: { waiting: string; awaited: Awaited },
  sequence: number,
): Promise<void> {
  if (!record.applied.created) {
    const all = awaited.unregistered.length === 0;
    await setCondition(
      deps,
      { clusterId: record.id },
      {
        type: ConditionType.Register,
        status: all ? ConditionStatus.True : ConditionStatus.Unknown,
        ...(all ? {} : { reason: waiting }),
      },
    );
  }
  await setCondition(
    deps,
    { clusterId: record.id },
    {
      type: ConditionType.Approve,
      status: ConditionStatus.Unknown,
      reason: waiting,
    },
  );
  // Written only when it says something new: it is looked at again and again.
  if (record.commonStatus.reason === waiting) return;
  await setReason(deps, record, sequence, waiting);
}

/** Nobody is waited for, and nobody needed approval: those who did have left the spec. */
export async function dropApproval(deps: ActivityDeps, record: ClusterRecord): Promise<void> {
  const waits = (of: ClusterRecord['conditions'][number]): boolean =>
    of.type === ConditionType.Approve && of.status !== ConditionStatus.True;
  if (!record.conditions.some(waits)) return;
  await deps.store.clusters.setConditions(
    record.id,
    record.conditions.filter((condition) => !waits(condition)),
  );
}

/** The waiting is over. */
export async function markApproved(
  deps: ActivityDeps,
  record: ClusterRecord,
  sequence: number,
): Promise<void> {
  await setCondition(
    deps,
    { clusterId: record.id },
    {
      type: ConditionType.Approve,
      status: ConditionStatus.True,
    },
  );
  await setReason(deps, record, sequence, 'all machines are registered and approved');
}

async function setReason(
  deps: ActivityDeps,
  record: ClusterRecord,
  sequence: number,
  reason: string,
): Promise<void> {
  await deps.store.clusters.setCommonStatus(record.id, {
    conditionStatus: CommonConditionStatus.Submitted,
    reason,
    sequence,
    generation: record.generation,
    retries: record.retries,
    deleting: record.deleting,
  });
}
