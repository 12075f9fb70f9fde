import { Option, type Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { readList } from '../lists.js';
import { printDocument, type Output } from '../output.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { NODES_LISTED, nodesToShow, statusLines } from '../statusLines.js';
import type { NodeOfList } from './getClusterThings.js';
import { waitAndReport, withTimeout, type TimeoutOption } from './wait.js';

interface StatusOptions extends TimeoutOption {
  watch?: boolean;
  all?: boolean;
  output: Output;
}

export function statusCommand(program: Command, context: CommandContext): void {
  withTimeout(program.command('status <cluster>'))
    .description('how a cluster stands')
    .option('-w, --watch', 'show progress until it is READY or failed')
    .option('--all', 'every node, however many there are')
    .addOption(
      new Option('-o, --output <format>', 'json and yaml: the status as the API answers it')
        .choices(['table', 'json', 'yaml', 'name'])
        .default('table'),
    )
    .action(async (name: string, options: StatusOptions) => {
      const session = context.session();
      if (options.watch === true) return waitAndReport(context, session, name, options);
      const path = `${clusterPath(session.project, name)}/status`;
      const cluster = await session.client.getJson<Cluster>(path);
      if (options.output === 'name') context.out(cluster.metadata.name);
      else if (options.output !== 'table') {
        await printDocument(context, cluster.status, options.output);
      } else {
        const all = options.all === true;
        const errors = await lastErrors(session, cluster, all);
        context.out(statusLines(cluster, { all, errors, paint: context.paint }).join('\n'));
      }
    });
}

/** Of the nodes that are shown and have failed: what they failed with. */
async function lastErrors(
  { client, project }: Session,
  cluster: Cluster,
  all: boolean,
): Promise<Map<string, string>> {
  const failed = nodesToShow(cluster, all).filter(({ status }) => NEED_WORDS.has(status));
  if (failed.length === 0) return new Map();
  const { items } = await readList<NodeOfList>(
    client,
    `${clusterPath(project, cluster.metadata.name)}/nodes`,
    {
      filters: { status: [...NEED_WORDS].join(',') },
      ...(all ? {} : { limit: NODES_LISTED }),
    },
  );
  return new Map(
    items.flatMap(({ hostname, lastError }): [string, string][] =>
      lastError === undefined
        ? []
        : [[hostname, `${lastError.step}: ${lastError.message.split('\n')[0] ?? ''}`]],
    ),
  );
}

const NEED_WORDS: ReadonlySet<string> = new Set(['FAILED', 'NOT_READY', 'ORPHANED']);
