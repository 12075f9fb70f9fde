import { randomBytes } from 'node:crypto';

import { certificateExpiry, unreadSince, type CertificateExpiry } from '../core/certificates.js';
import type { NodeRecord } from '../core/records.js';
import { familyOf } from '../machine/families.js';
import { certificatesReadParams } from '../machine/steps/certificates.js';
import { scriptText, stepModule } from '../machine/steps/registry.js';
import type { ClusterKey } from '../store/types.js';
import type { ActivityDeps } from './deps.js';
import { joinedControlPlanes, type WholeCluster } from './load.js';
import { stepError } from './stepError.js';
import { withMachine } from './targets.js';

const STEP = 'certificates-read';

/**
 * Asks the control planes of some clusters that were not asked for a day when their certificates end, all at once: how
 * many clusters those were. One that does not answer is asked again a day later; what is known of it stays.
 */
export async function readExpiries(
  deps: ActivityDeps,
  { now, limit }: { now: Date; limit: number },
): Promise<number> {
  const clusters = await deps.store.certificates.unread(unreadSince(now), limit);
  await Promise.all(clusters.map((cluster) => readCluster(deps, cluster, now)));
  return clusters.length;
}

async function readCluster(deps: ActivityDeps, { id }: ClusterKey, now: Date): Promise<void> {
  const [record, nodes] = await Promise.all([
    deps.store.clusters.getById(id),
    deps.store.nodes.list(id),
  ]);
  if (record === undefined) return;
  const loaded = { record, nodes };
  await Promise.all(
    joinedControlPlanes(loaded).map(async (node) => {
      try {
        const expiry = await readMachine(deps, loaded, node);
        if (expiry !== undefined) await deps.store.certificates.record(id, node.hostname, expiry);
      } catch (error) {
        const of = { project: record.project, cluster: record.name, node: node.hostname };
        deps.log.warn({ ...of, error: String(error) }, 'the certificates could not be read');
      }
    }),
  );
  await deps.store.certificates.noteRead(id, now.toISOString());
}

/** Beside whatever is done to the machine, as facts are gathered; it has no log. */
async function readMachine(
  deps: ActivityDeps,
  { record }: WholeCluster,
  { hostname, spec: node }: NodeRecord,
): Promise<CertificateExpiry | undefined> {
  const { id: clusterId, project, name, applied, desired } = record;
  const module = stepModule(STEP);
  const query = { project, name, clusterId, spec: applied.spec ?? desired.spec, node };
  // Before it is asked: what is known by the time that it answers may be newer.
  const readAt = new Date();
  const result = await withMachine(deps, query, (session) =>
    session.runStep({
      runId: `upkeep-${STEP}-${randomBytes(4).toString('hex')}`,
      owner: { clusterId, cluster: name, project },
      ...{ tasksetId: 'upkeep', step: STEP },
      script: scriptText(module, familyOf(node.operatingSystem)),
      params: certificatesReadParams(node),
      timeoutSeconds: module.timeoutSeconds,
      requireOwner: false,
    }),
  );
  if (result.outcome !== 'done') throw stepError(hostname, STEP, result);
  return certificateExpiry(result.results, readAt);
}
