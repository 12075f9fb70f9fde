import type { ConsoleHealth } from '../../core/consoleModel.js';
import { endsSoon, healthWarnings, isFull } from '../../core/healthWarnings.js';
import type { NodeHealth } from '../../core/health.js';
import type { ClusterRecord } from '../../core/records.js';
import type { Store } from '../../store/types.js';

/** What was seen of a cluster when it was looked at last, in short; null before the first look. */
export async function healthPanel(
  store: Store,
  record: ClusterRecord,
  now = new Date(),
): Promise<ConsoleHealth | null> {
  const [health, nodes, snapshots] = await Promise.all([
    store.health.get(record.id),
    store.health.nodes(record.id),
    store.snapshots.list(record.id, { limit: 1 }),
  ]);
  if (health === undefined) return null;
  const { lookedAt, seenAt, through, failures, etcd } = health;
  const { kubernetesVersion: version } = record.applied;
  const [certificate] = nodes.flatMap(certificatesOf).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const [disk] = nodes.flatMap(disksOf).toSorted((a, b) => b.usedPercent - a.usedPercent);
  const [newest] = snapshots.items;
  return {
    lookedAt,
    ...(through === undefined ? {} : { through }),
    // Those that do not keep it from being looked at are among the warnings.
    failures: seenAt === lookedAt ? [] : failures,
    warnings: healthWarnings({
      ...{ health, nodes, now, wanted: record.desired.spec.config.nodes },
      ...(version === undefined ? {} : { version }),
    }),
    ...(etcd === undefined ? {} : { etcd }),
    ...(certificate === undefined
      ? {}
      : { certificate: { ...certificate, soon: endsSoon(certificate.at, now) } }),
    ...(disk === undefined ? {} : { disk }),
    drifted: nodes.flatMap(({ hostname, machine }) =>
      machine !== undefined && machine.drift.length > 0 ? [hostname] : [],
    ),
    snapshots: {
      count: snapshots.count,
      ...(newest === undefined ? {} : { newest: newest.createdAt }),
    },
  };
}

function certificatesOf({ hostname, machine }: NodeHealth): { hostname: string; at: string }[] {
  const at = machine?.certificatesExpireAt;
  return at === undefined ? [] : [{ hostname, at }];
}

function disksOf({ hostname, machine }: NodeHealth): NonNullable<ConsoleHealth['disk']>[] {
  return (machine?.disks ?? []).map(({ path, usedPercent }) => ({
    ...{ hostname, path, usedPercent },
    full: isFull({ usedPercent }),
  }));
}
