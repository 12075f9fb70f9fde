import type { StepFailure } from '../../core/errors.js';
import type { NodeStatus, OperationName, Role, TasksetStatus } from '../../core/words.js';
import { age } from '../age.js';
import { formatDuration } from '../duration.js';
import { readList } from '../lists.js';
import { printList, type Column, type OutputOptions } from '../output.js';
import { clusterPath } from '../paths.js';
import { positiveInteger } from '../positiveInteger.js';
import type { CommandContext } from '../program.js';

export interface GetNodesOptions extends OutputOptions {
  selector?: string;
  status?: string;
}

export interface GetTasksetsOptions extends OutputOptions {
  limit: string;
}

/** As `GET …/nodes` answers it, as far as it is shown. */
export interface NodeOfList {
  hostname: string;
  status: NodeStatus;
  roles: Role[];
  leaving: boolean;
  privateIP?: string;
  lastError?: StepFailure & { message: string };
  hostKey?: HostKey;
  bastionHostKey?: HostKey;
  facts?: { operatingSystem?: string; arch?: string; kernel?: string };
}

interface HostKey {
  fingerprint: string;
  pending?: { fingerprint: string; seenAt: string };
}

interface TasksetOfList {
  id: string;
  sequence: number;
  status: TasksetStatus;
  comments: string;
  createdAt: string;
  endedAt?: string;
  operations: { name: OperationName; nodes: string[]; errorSummary?: string }[];
}

export const NODES: readonly Column<NodeOfList>[] = [
  { header: 'HOSTNAME', of: ({ hostname }) => hostname },
  { header: 'STATUS', of: ({ status }) => status },
  { header: 'ROLES', of: ({ roles }) => roles.join(',') },
  { header: 'ADDRESS', of: ({ privateIP }) => privateIP ?? '' },
  { header: 'LAST ERROR', of: errorText },
  { header: 'OS', wide: true, of: ({ facts }) => facts?.operatingSystem ?? '' },
  { header: 'ARCH', wide: true, of: ({ facts }) => facts?.arch ?? '' },
  { header: 'KERNEL', wide: true, of: ({ facts }) => facts?.kernel ?? '' },
  { header: 'HOST KEY', wide: true, of: hostKeyText },
];

export async function getNodes(
  context: CommandContext,
  cluster: string,
  options: GetNodesOptions,
): Promise<void> {
  const { client, project } = context.session();
  const { items } = await readList<NodeOfList>(client, `${clusterPath(project, cluster)}/nodes`, {
    filters: { label: options.selector, status: options.status?.toUpperCase() },
  });
  await printList(context, items, {
    ...{ columns: NODES, name: (node) => node.hostname, options },
    empty: `no node of cluster ${cluster} is so`,
  });
}

export async function getTasksets(
  context: CommandContext,
  cluster: string,
  options: GetTasksetsOptions,
): Promise<void> {
  const limit = positiveInteger('--limit', options.limit);
  const { client, project } = context.session();
  const path = `${clusterPath(project, cluster)}/tasksets`;
  const { items } = await readList<TasksetOfList>(client, path, { limit, page: 100 });
  const now = Date.now();
  const columns: Column<TasksetOfList>[] = [
    { header: 'ID', of: ({ id }) => id },
    { header: 'STATUS', of: ({ status }) => shortStatus(status) },
    { header: 'AGE', of: ({ createdAt }) => age(createdAt, now) },
    { header: 'TOOK', of: tookText },
    { header: 'OPERATIONS', of: ({ operations }) => operations.map(({ name }) => name).join(', ') },
    {
      header: 'NODES',
      wide: true,
      of: ({ operations }) => String(new Set(operations.flatMap(({ nodes }) => nodes)).size),
    },
    { header: 'COMMENTS', wide: true, of: ({ comments }) => comments.split('\n')[0] ?? '' },
  ];
  await printList(context, items, {
    ...{ columns, name: (taskset) => taskset.id, options },
    empty: `nothing was done to cluster ${cluster} yet`,
  });
}

/** `PROVISION_TASKSET_STATUS_FAILED` is `FAILED`. */
export function shortStatus(status: string): string {
  return status.replace(/^PROVISION_TASK(SET)?_STATUS_/, '');
}

function tookText({ createdAt, endedAt }: TasksetOfList): string {
  return endedAt === undefined ? '' : formatDuration(Date.parse(endedAt) - Date.parse(createdAt));
}

function errorText({ lastError, leaving, hostKey, bastionHostKey }: NodeOfList): string {
  const pending = hostKey?.pending ?? bastionHostKey?.pending;
  if (pending !== undefined) return 'its host key has changed: plinth accept-host-key';
  if (lastError !== undefined)
    return `${lastError.step}: ${lastError.message.split('\n')[0] ?? ''}`;
  return leaving ? 'not in the spec any more' : '';
}

function hostKeyText({ hostKey }: NodeOfList): string {
  return hostKey?.fingerprint ?? '';
}
