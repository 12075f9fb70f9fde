import { AppError } from '../core/errors.js';
import type { ActivityDeps } from './deps.js';
import { gatherMachineFacts } from './gatherMachineFacts.js';
import { loadCluster, nodeSpec } from './load.js';
import type { NodeRef } from './refs.js';
import { withMachine } from './targets.js';

/** Facts of one machine in one round trip, nothing changed on it; kept for preflight and for the steps. */
export async function gatherFacts(deps: ActivityDeps, ref: NodeRef): Promise<void> {
  const loaded = await loadCluster(deps, ref, { hostnames: [ref.hostname] });
  const node = nodeSpec(loaded, ref.hostname);
  const startedAt = Date.now();
  const query = { ...ref, spec: loaded.record.desired.spec, node };
  try {
    const { record } = loaded;
    const facts = await withMachine(deps, query, (session) =>
      gatherMachineFacts(session, {
        owner: { clusterId: record.id, cluster: record.name, project: record.project },
        tasksetId: ref.tasksetId,
        operatingSystem: node.operatingSystem,
        spec: record.desired.spec,
      }),
    );
    await deps.store.nodes.upsert(ref.clusterId, ref.hostname, { spec: node, facts });
    await deps.store.nodes.setStep(ref.clusterId, ref.hostname, 'facts', {
      state: 'done',
      tasksetId: ref.tasksetId,
      operation: ref.operation,
      attempt: 1,
      startedAt,
      endedAt: Date.now(),
    });
  } catch (error) {
    if (error instanceof AppError) {
      await deps.store.nodes.upsert(ref.clusterId, ref.hostname, {
        spec: node,
        lastError: {
          node: ref.hostname,
          step: 'facts',
          code: error.code,
          message: error.message,
          ...(error.failure?.hint === undefined ? {} : { hint: error.failure.hint }),
        },
      });
    }
    throw error;
  }
}
