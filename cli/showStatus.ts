import type { Cluster } from '../core/cluster.js';
import { NODES, type NodeOfList } from './commands/getClusterThings.js';
import { CliError } from './client.js';
import { readList } from './lists.js';
import { shownRows } from './output.js';
import { clusterPath } from './paths.js';
import type { CommandContext } from './program.js';
import type { Session } from './session.js';
import { NODES_LISTED, nodesToShow, statusLines } from './statusLines.js';

export interface ShowOptions {
  /** Every node, however many there are. */
  all?: boolean;
  /** Each node with what `get nodes -o wide` tells of it. */
  wide?: boolean;
}

const NEED_WORDS: ReadonlySet<string> = new Set(['FAILED', 'NOT_READY', 'ORPHANED']);

/** How a cluster stands, for people: its nodes with what they failed with. */
export async function showStatus(
  context: CommandContext,
  session: Session,
  cluster: Cluster,
  options: ShowOptions,
): Promise<void> {
  show(context, cluster, options, await nodesOf(session, cluster, options));
}

/** The same of a cluster whose end is known: where its nodes cannot be read any more, without what they tell. */
export async function showOutcome(
  context: CommandContext,
  session: Session,
  cluster: Cluster,
  options: ShowOptions,
): Promise<void> {
  try {
    await showStatus(context, session, cluster, options);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.err(`what its nodes say is not known: ${error.message}`);
    show(context, cluster, { ...options, wide: false }, []);
  }
}

function show(
  { out, paint }: CommandContext,
  cluster: Cluster,
  { all = false, wide = false }: ShowOptions,
  found: readonly NodeOfList[],
): void {
  if (!wide) {
    out(statusLines(cluster, { all, errors: errorsOf(found), paint }).join('\n'));
    return;
  }
  const names = new Set(nodesToShow(cluster, all).map(({ hostname }) => hostname));
  const rows = shownRows(
    found.filter(({ hostname }) => names.has(hostname)),
    NODES,
    { output: 'wide', headers: true },
  );
  out(statusLines(cluster, { all, rows, paint }).join('\n'));
}

/** Those that have failed, or for a wide table all that may be shown. */
async function nodesOf(
  { client, project }: Session,
  cluster: Cluster,
  { all = false, wide = false }: ShowOptions,
): Promise<NodeOfList[]> {
  const failed = nodesToShow(cluster, all).filter(({ status }) => NEED_WORDS.has(status));
  if (!wide && failed.length === 0) return [];
  const path = `${clusterPath(project, cluster.metadata.name)}/nodes`;
  const { items } = await readList<NodeOfList>(client, path, {
    filters: wide ? {} : { status: [...NEED_WORDS].join(',') },
    ...(all || wide ? {} : { limit: NODES_LISTED }),
  });
  return items;
}

function errorsOf(nodes: readonly NodeOfList[]): Map<string, string> {
  return new Map(
    nodes.flatMap(({ hostname, lastError }): [string, string][] =>
      lastError === undefined
        ? []
        : [[hostname, `${lastError.step}: ${lastError.message.split('\n')[0] ?? ''}`]],
    ),
  );
}
