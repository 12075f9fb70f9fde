import type { ConsoleHostKey, ConsoleNode } from '../../core/consoleModel.js';
import type { NodeSpec } from '../../core/cluster.js';
import type { ClusterRecord, NodeRecord } from '../../core/records.js';
import { comesByInstaller, type Registration } from '../../core/registration.js';
import type { HostKeyRecord } from '../../store/hostKeyStore.js';
import { nodeOrder } from '../views/nodeOrder.js';
import { nodeViews, type HostKeyView, type NodeView } from '../views/nodeView.js';

/** What machines say of themselves (machine/facts.ts), as far as it is shown. */
interface ShownFacts {
  cpus?: unknown;
  memoryBytes?: unknown;
}

/** The nodes of a cluster in the order of its spec, then those that are on their way out. */
export function nodeRows(
  cluster: ClusterRecord,
  of: {
    nodes: readonly NodeRecord[];
    hostKeys: readonly HostKeyRecord[];
    registrations: readonly Registration[];
  },
): ConsoleNode[] {
  const hostnames = nodeOrder(cluster, of.nodes).map(({ hostname }) => hostname);
  const specs = new Map(cluster.desired.spec.config.nodes.map((node) => [node.hostname, node]));
  const records = new Map(of.nodes.map((node) => [node.hostname, node]));
  return nodeViews(cluster, hostnames, of).map((view) => {
    const record = records.get(view.hostname);
    const spec = specs.get(view.hostname) ?? record?.spec;
    return row(cluster, view, { record, spec });
  });
}

function row(
  cluster: ClusterRecord,
  view: NodeView,
  { record, spec }: { record: NodeRecord | undefined; spec: NodeSpec | undefined },
): ConsoleNode {
  const { hostname, roles, status, leaving, registration } = view;
  const { cpus, memoryBytes } = (record?.facts ?? {}) as ShownFacts;
  const waits =
    spec !== undefined &&
    registration !== undefined &&
    registration.approvedAt === undefined &&
    !leaving &&
    comesByInstaller(cluster.desired.spec, spec);
  const known = {
    // What a machine that comes by the installer command lacks until it registers.
    arch: spec?.arch ?? registration?.arch,
    operatingSystem: spec?.operatingSystem ?? registration?.operatingSystem,
    address: spec?.ssh?.ipAddress ?? view.privateIP ?? registration?.address,
    version: record?.kubernetesVersion,
    cpus: typeof cpus === 'number' ? cpus : undefined,
    memoryBytes: typeof memoryBytes === 'number' ? memoryBytes : undefined,
    lastError: view.lastError,
  };
  return {
    ...{ hostname, roles, status, leaving },
    ...(Object.fromEntries(
      Object.entries(known).filter(([, value]) => value !== undefined),
    ) as Partial<ConsoleNode>),
    hostKeys: [...pending(view.hostKey, false), ...pending(view.bastionHostKey, true)],
    ...(waits
      ? {
          registration: {
            address: registration.address,
            username: registration.username,
            operatingSystem: registration.operatingSystem,
            arch: registration.arch,
            hostKeys: registration.hostKeys,
            registeredAt: registration.registeredAt,
          },
        }
      : {}),
  };
}

function pending(key: HostKeyView | undefined, bastion: boolean): ConsoleHostKey[] {
  if (key?.pending === undefined) return [];
  const { fingerprint, seenAt } = key.pending;
  return [{ bastion, fingerprint: key.fingerprint, seen: fingerprint, seenAt }];
}
